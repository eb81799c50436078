"""Verbs that read the logs of pods, through the API of a running Roster."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import agents, nodes, objects
from controller.cli.api import checked, connect
from controller.cli.apps import Name
from controller.cli.options import Server
from controller.cli.output import console
from controller.errors import TransientError, UsageError

if TYPE_CHECKING:
    import httpx

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue")

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is to come.")]
Tail = Annotated[int, typer.Option("--tail", help="Lines of each pod, from the end.", min=0)]
Since = Annotated[str, typer.Option("--since", help="Only newer lines: 30s, 5m, 2h, 1d.")]
Container = Annotated[str, typer.Option("--container", "-c", help="Else the pod's default.")]
Previous = Annotated[bool, typer.Option("--previous", "-p", help="The run before the restart.")]
Grep = Annotated[str, typer.Option("--grep", help="Only lines with this text; `!text` without.")]
Times = Annotated[bool, typer.Option("--timestamps", help="The time before each line.")]


def app_logs(
    name: Name,
    object_: objects.Object = None,
    server: Server = None,
    follow: Follow = False,
    tail: Tail = 100,
    since: Since = "",
    container: Container = "",
    previous: Previous = False,
    grep: Grep = "",
    timestamps: Times = False,
) -> None:
    """Print the logs of an application's pods, or of those of one object or definition.

    Example: roster app logs examples Agent/front-desk -f
    """
    query = _query(follow, tail, since, container, previous, grep)
    with connect(server) as api:
        if object_:
            query |= _of_node(nodes.find_with_pods(nodes.of_tree(api, name), object_))
        _print(api, name, query, timestamps=timestamps, is_mixed=not object_)


def agent_logs(
    name: agents.Name,
    server: Server = None,
    follow: Follow = False,
    tail: Tail = 100,
    since: Since = "",
    container: Container = "",
    previous: Previous = False,
    grep: Grep = "",
    timestamps: Times = False,
) -> None:
    """Print the log of an agent's pods.

    Example: roster agent logs front-desk -f --grep error
    """
    query = _query(follow, tail, since, container, previous, grep)
    with connect(server) as api:
        agent = agents.find(api, name)
        workload = {"kind": "Deployment", "group": "apps", "namespace": agent["namespace"]}
        query |= {**workload, "resourceName": agent["name"]}
        _print(api, agent["application"], query, timestamps=timestamps)


def _query(
    follow: bool,
    tail: int,
    since: str,
    container: str,
    previous: bool,
    grep: str,
) -> dict[str, Any]:
    given = {
        "follow": "true" if follow else "",
        "tailLines": tail,
        "sinceSeconds": seconds(since) if since else "",
        "container": container,
        "previous": "true" if previous else "",
        "filter": grep,
    }
    return {name: value for name, value in given.items() if value != ""}


def seconds(text: str) -> int:
    """Read a duration as kubectl writes it: `90s`, `5m`, `1h30m`.

    Raises:
        UsageError: it is none.
    """
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise UsageError(f"{text!r} is no duration.", remedy="Write 30s, 5m, 2h, 1d or 1h30m.")
    return sum(int(number) * _UNITS_S[unit] for number, unit in parts) or 1


def _of_node(node: Mapping[str, Any]) -> dict[str, str]:
    return {
        "kind": node["kind"],
        "group": node["group"],
        "namespace": node["namespace"],
        "resourceName": node["name"],
    }


def _print(
    api: "httpx.Client",
    name: str,
    query: Mapping[str, Any],
    *,
    timestamps: bool,
    is_mixed: bool = False,
) -> None:
    out = console()
    pods: dict[str, str] = {}
    with _opened(api, f"/api/v1/applications/{name}/logs", query) as lines:
        for line in lines:
            entry = json.loads(line)["result"]
            pod = entry["podName"]
            pods.setdefault(pod, _COLOURS[len(pods) % len(_COLOURS)])
            if is_mixed or len(pods) > 1:
                out.print(f"{pod} | ", markup=False, style=pods[pod], end="")
            if timestamps:
                out.print(f"{entry['timeStampStr']} ", markup=False, style="dim", end="")
            out.print(entry["content"], markup=False, soft_wrap=True)
            sys.stdout.flush()


@contextmanager
def _opened(api: "httpx.Client", path: str, query: Mapping[str, Any]) -> Iterator[Iterator[str]]:
    """Open a stream of lines; it may be silent for as long as it is followed."""
    import httpx

    try:
        timeout = httpx.Timeout(30.0, read=None if query.get("follow") else 60.0)
        with api.stream("GET", path, params=dict(query), timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                checked(answer)
            yield answer.iter_lines()
    except httpx.TransportError as error:
        raise TransientError(
            f"The log ended: {type(error).__name__}.",
            remedy="Roster may have stopped; start it, and ask again.",
        ) from error

"""Verbs that look into an application of a running Roster: tree, objects, manifests, events."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import complete
from controller.cli.api import connect, get, items, pages
from controller.cli.apps import Name
from controller.cli.manifestlists import NOTHING, print_manifest_names, print_manifest_table
from controller.cli.nodes import below, find, of_tree, reference
from controller.cli.options import Output, Server
from controller.cli.output import (
    Format,
    console,
    moment,
    print_data,
    print_error,
    print_table,
    show,
)
from controller.errors import RosterError

if TYPE_CHECKING:
    import httpx

Object = Annotated[
    str | None,
    typer.Argument(
        metavar="object",
        help="Only this and what is below it: `Kind/name` of an object or definition, or a name.",
        autocompletion=complete.objects,
    ),
]
Kind = Annotated[str | None, typer.Option("--kind", help="Only objects of this kind.")]

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan", "=": "bold"}


def diff(name: Name, server: Server = None, output: Output = Format.TABLE) -> None:
    """Show what a sync would change now.

    Exit code 0: no difference; 1: differences; 2: an error.

    Example: roster app diff examples
    """
    try:
        with connect(server) as api:
            plan = get(api, f"/api/v1/applications/{name}/diff")
    except RosterError as error:
        print_error(error)
        raise typer.Exit(2) from error
    if output in {Format.JSON, Format.YAML}:
        print_data(plan, output)
    elif output is Format.NAME:
        sys.stdout.writelines(f"{reference(change)}\n" for change in plan["changes"])
    else:
        _print_plan(plan)
    raise typer.Exit(0 if plan["isEmpty"] else 1)


def manifests(
    name: Name,
    server: Server = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag instead of the compared one.")
    ] = None,
    kind: Kind = None,
    output: Output = Format.YAML,
) -> None:
    """Print the manifests that git asks for, Secret values masked.

    Example: roster app manifests examples --kind Deployment --revision v1.2
    """
    import json

    query = {key: value for key, value in (("revision", revision), ("kind", kind)) if value}
    with connect(server) as api:
        path = f"/api/v1/applications/{name}/manifests"
        found = [json.loads(text) for page in pages(api, path, query) for text in page["manifests"]]
    if output is Format.JSON:
        print_data(found, output)
    elif output is Format.YAML:
        _print_documents(found)
    elif output is Format.NAME:
        print_manifest_names(found)
    else:
        print_manifest_table(found)


def resources(
    name: Name, server: Server = None, kind: Kind = None, output: Output = Format.TABLE
) -> None:
    """List the objects of an application with sync, health and the file they come from.

    Example: roster app resources examples --kind Deployment -o wide
    """
    with connect(server) as api:
        found = get(api, f"/api/v1/applications/{name}")["status"]["resources"]
    chosen = [item for item in found if kind is None or item["kind"].lower() == kind.lower()]

    def text(is_wide: bool) -> None:
        columns = ["kind", "name", "sync", "health", "file", "message"]
        more = ["group", "namespace", "wave", "definition"] if is_wide else []
        rows = [_resource_row(item, wide=is_wide) for item in chosen]
        print_table([*columns, *more], rows, nothing=NOTHING)

    show(output, chosen, names=map(reference, chosen), text=text)


def tree(
    name: Name, object_: Object = None, server: Server = None, output: Output = Format.TABLE
) -> None:
    """Draw the tree of an application: definitions, their objects, and what became of them.

    Example: roster app tree examples
    """
    with connect(server) as api:
        nodes = of_tree(api, name)
        components = get(api, f"/api/v1/applications/{name}")["status"]["components"]
    chosen = nodes if object_ is None else below(nodes, find(nodes, object_))

    def text(is_wide: bool) -> None:
        rows = _drawn(chosen, components if object_ is None else [], wide=is_wide)
        print_table(["name", "sync", "health", "file", "message"], rows, nothing=NOTHING)

    show(output, chosen, names=map(reference, chosen), text=text)


def events(
    name: Name, object_: Object = None, server: Server = None, output: Output = Format.TABLE
) -> None:
    """List what the cluster tells of an application's objects, the newest last.

    Example: roster app events examples Deployment/front-desk
    """
    with connect(server) as api:
        found = sorted(_events(api, name, object_), key=lambda event: event["lastTimestamp"] or "")

    def text(is_wide: bool) -> None:
        columns = ["last seen", "type", "reason", "object", "message"]
        more = ["count", "from"] if is_wide else []
        rows = [_event_row(event, wide=is_wide) for event in found]
        print_table([*columns, *more], rows, nothing="There are no events.")

    show(output, found, names=(event["metadata"]["name"] for event in found), text=text)


def _events(api: "httpx.Client", name: str, object_: str | None) -> Iterator[Mapping[str, Any]]:
    """Give the events of an application, or of what is meant; the oldest of one moment first."""
    path = f"/api/v1/applications/{name}/events"
    if object_ is None:
        yield from reversed(items(api, path))
        return
    for node in find(of_tree(api, name), object_):
        if node["uid"]:
            yield from reversed(items(api, path, {"resourceUID": node["uid"]}))


def _drawn(
    nodes: Sequence[Mapping[str, Any]], components: Sequence[Mapping[str, Any]], *, wide: bool
) -> Iterator[tuple[str, ...]]:
    """Give the rows of a tree, definitions at the top."""
    uids = {node["uid"] for node in nodes if node["uid"]}
    children: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes:
        owner = next((p["uid"] for p in node["parentRefs"] if p["uid"] in uids), "")
        children.setdefault(owner or f"component {node['component']}", []).append(node)
    for component in components:
        yield (
            f"{component['kind']} {component['name']}",
            component["sync"],
            component["health"]["status"],
            _place(component),
            component["health"]["message"],
        )
        yield from _branches(children.pop(f"component {component['id']}", []), children, "", wide)
    for owner in [key for key in children if key.startswith("component ")]:
        yield from _branches(children[owner], children, "", wide)


def _branches(
    nodes: Sequence[Mapping[str, Any]],
    children: Mapping[str, Sequence[Mapping[str, Any]]],
    indent: str,
    wide: bool,
) -> Iterator[tuple[str, ...]]:
    shown = [node for node in nodes if wide or not _is_spent(node, children)]
    for node in shown:
        is_last = node is shown[-1]
        corner, line = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield (
            f"{indent}{corner}{node['kind']} {node['name']}",
            node["status"] or "",
            node["health"]["status"],
            "",
            _told(node),
        )
        yield from _branches(children.get(node["uid"], ()), children, indent + line, wide)


def _is_spent(node: Mapping[str, Any], children: Mapping[str, Any]) -> bool:
    """Tell whether this is a ReplicaSet of an earlier revision, which nobody looks for."""
    return node["kind"] == "ReplicaSet" and not children.get(node["uid"])


def _told(node: Mapping[str, Any]) -> str:
    if node["health"]["message"]:
        return str(node["health"]["message"])
    kept = {"Containers": "ready", "Restart Count": "restarts", "Endpoints": "ready"}
    return ", ".join(
        f"{each['value']} {kept[each['name']]}" for each in node["info"] if each["name"] in kept
    )


def _place(item: Mapping[str, Any]) -> str:
    return f"{item['file']}:{item['line']}" if item["file"] and item["line"] else item["file"]


def _print_plan(plan: Mapping[str, Any]) -> None:
    out, err = console(), console(stderr=True)
    semantic = plan.get("semantic")
    if semantic and semantic["total"]:
        sys.stdout.write(f"{semantic['text']}\n")
    for change in plan["changes"]:
        if not change["diff"]:
            words = f"{change['action']} {reference(change)}: {change['reason']}".removesuffix(": ")
            out.print(words, markup=False, style="yellow")
        for line in change["diff"].splitlines():
            out.print(line, markup=False, style=_DIFF_STYLES.get(line[:1], ""))
    for guard in plan["guards"]:
        err.print(f"{guard['rule']}: {guard['message']}", markup=False, style="yellow")
    for blocked in plan["blocked"]:
        message = f"{blocked['component']} stays as it is: {blocked['reason']}"
        err.print(message, markup=False, style="yellow")


def _print_documents(manifests: Sequence[Any]) -> None:
    import yaml

    text = yaml.dump_all(
        manifests, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100
    )
    sys.stdout.write(text if manifests else "")


def _resource_row(item: Mapping[str, Any], *, wide: bool) -> tuple[str, ...]:
    health = item["health"]
    row = (item["kind"], item["name"], item["status"], health["status"], _place(item))
    more = (item["group"], item["namespace"], str(item["syncWave"]), item["component"])
    return (*row, health["message"], *(more if wide else ()))


def _event_row(event: Mapping[str, Any], *, wide: bool) -> tuple[str, ...]:
    about = event["involvedObject"]
    seen = event["lastTimestamp"]
    row = (
        moment(seen) if seen else "",
        event["type"],
        event["reason"],
        f"{about['kind']}/{about['name']}",
        " ".join(event["message"].split()),
    )
    return (*row, *((str(event["count"]), event["source"]["component"]) if wide else ()))

"""Shell completion of names, from a running Roster: quick, and silent where there is none."""

from collections.abc import Callable, Iterable
from typing import Any

import typer

_TIMEOUT_S = 1.0
"""A shell that hangs on a tab is worse than one that completes nothing."""


def applications(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give the names of applications that begin so."""

    def names(get: Callable[[str], Any]) -> Iterable[str]:
        return (item["metadata"]["name"] for item in get("/api/v1/applications?limit=500")["items"])

    return _beginning(ctx, incomplete, names)


def agents(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give the names of agents that begin so."""

    def names(get: Callable[[str], Any]) -> Iterable[str]:
        for item in get("/api/v1/applications?limit=500")["items"]:
            found = get(f"/api/v1/applications/{item['metadata']['name']}")
            for component in found["status"]["components"]:
                if component["kind"] == "Agent":
                    yield component["name"]

    return _beginning(ctx, incomplete, names)


def objects(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give what the application on the command line has that begins so, as `Kind/name`."""

    def names(get: Callable[[str], Any]) -> Iterable[str]:
        tree = get(f"/api/v1/applications/{ctx.params['name']}/resource-tree?limit=500")
        for node in tree["nodes"]:
            yield f"{node['kind']}/{node['name']}"
            kind, _, place = node["component"].partition(" ")
            if kind:
                yield f"{kind.partition('.')[0]}/{place.rpartition('/')[2]}"

    return _beginning(ctx, incomplete, names)


def rules(incomplete: str) -> list[str]:
    """Give the rules that begin so."""
    from controller.definitions.rules import RULES

    return [rule for rule in sorted(RULES) if rule.startswith(incomplete.lower())]


def _beginning(
    ctx: typer.Context, incomplete: str, names: Callable[[Callable[[str], Any]], Iterable[str]]
) -> list[str]:
    from controller.cli.api import connect

    try:
        with connect(ctx.params.get("server")) as api:
            api.timeout = _TIMEOUT_S
            found = sorted({*names(lambda path: api.get(path).raise_for_status().json())})
    except Exception:  # noqa: BLE001 - whatever is wrong, a completion has nobody to tell
        return []
    return [name for name in found if name.lower().startswith(incomplete.lower())]

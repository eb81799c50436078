"""Verbs with which a person takes part in the automation: suspend, resume, terminate, wait."""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from controller.cli.api import connect, delete, get, post
from controller.cli.apps import Name
from controller.cli.options import Server
from controller.cli.output import console, print_error, short
from controller.errors import RosterError, UsageError

_POLL_S = 0.5
_ERROR = 2
_GOALS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "sync": ("Synced", lambda item: item["status"]["sync"]["status"] == "Synced"),
    "health": ("Healthy", lambda item: item["status"]["health"]["status"] == "Healthy"),
    "operation": ("without an operation", lambda item: not _is_busy(item)),
}


def suspend(name: Name, server: Server = None) -> None:
    """Sync nothing any more, neither by itself nor by request, until it is resumed.

    Example: roster app suspend examples
    """
    with connect(server) as api:
        post(api, f"/api/v1/applications/{name}/suspend", None)
    console().print(f"{name} is suspended; `roster app resume {name}` ends that.", markup=False)


def resume(name: Name, server: Server = None) -> None:
    """End a suspension, and the hold of a rollback: follow git again.

    Example: roster app resume examples
    """
    with connect(server) as api:
        post(api, f"/api/v1/applications/{name}/resume", None)
    console().print(f"{name} follows git again.", markup=False)


def terminate(name: Name, server: Server = None) -> None:
    """End the operation that runs, after the writes that are under way.

    It is not done again before the next commit or sync.

    Example: roster app terminate examples
    """
    with connect(server) as api:
        delete(api, f"/api/v1/applications/{name}/operation")
    console().print(f"The operation on {name} ends.", markup=False)


def wait(
    name: Name,
    server: Server = None,
    sync: Annotated[bool, typer.Option("--sync", help="Wait until it is Synced.")] = False,
    health: Annotated[bool, typer.Option("--health", help="Wait until it is Healthy.")] = False,
    operation: Annotated[
        bool, typer.Option("--operation", help="Wait until no operation runs or is asked for.")
    ] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 300.0,
) -> None:
    """Wait until an application is Synced, Healthy and without an operation, or some of that.

    Exit codes: 0 it is, 1 it was not in time, 2 an error.

    Example: roster app wait examples --health --timeout 60
    """
    asked = {"sync": sync, "health": health, "operation": operation}
    goals = [goal for goal, is_asked in asked.items() if is_asked] or list(asked)
    try:
        is_reached, state = _watch(server, name, goals, timeout_s)
    except RosterError as error:
        print_error(error)
        raise typer.Exit(_ERROR) from error
    wanted = " and ".join(_GOALS[goal][0] for goal in goals)
    out = console(stderr=not is_reached)
    if is_reached:
        out.print(f"{name} is {wanted}: {state}", markup=False)
        return
    out.print(f"{name} was not {wanted} within {timeout_s:g} s: {state}", markup=False)
    raise typer.Exit(1)


def _watch(server: str | None, name: str, goals: list[str], timeout_s: float) -> tuple[bool, str]:
    """Give whether all goals were reached at once, and the state at the end."""
    if timeout_s < 0:
        raise UsageError("--timeout is negative.", remedy="Give seconds, or 0 to look once.")
    deadline = time.monotonic() + timeout_s
    with connect(server) as api, ExitStack() as shown:
        show = _progress(shown)
        while True:
            item = get(api, f"/api/v1/applications/{name}")
            state = _state(item)
            if all(_GOALS[goal][1](item) for goal in goals):
                return True, state
            if time.monotonic() >= deadline:
                return False, state
            show(state)
            time.sleep(min(_POLL_S, max(deadline - time.monotonic(), 0.0)))


def _progress(shown: ExitStack) -> Callable[[str], None]:
    """Give what shows a state: a line that changes on a terminal, a line a change elsewhere."""
    out = console(stderr=True)
    if sys.stderr.isatty():
        return shown.enter_context(out.status("…")).update
    said: list[str] = []

    def say(state: str) -> None:
        if said[-1:] != [state]:
            said.append(state)
            out.print(state, markup=False)

    return say


def _state(item: Any) -> str:
    """Say in a line how an application is doing."""
    status = item["status"]
    parts = [
        status["sync"]["status"],
        status["health"]["status"],
        short(status["sync"].get("revision") or ""),
        _doing(item),
        "suspended" if status.get("suspended") else "",
        *(condition["type"] for condition in status.get("conditions") or []),
    ]
    return "  ".join(filter(None, parts))


def _doing(item: Any) -> str:
    operation = item["status"].get("operationState") or {}
    if _is_busy(item):
        return f"operation {operation.get('phase', '')}".strip()
    return f"operation {operation['id']} {operation['phase']}" if operation else ""


def _is_busy(item: Any) -> bool:
    operation = item["status"].get("operationState") or {}
    return bool(item.get("operation")) or operation.get("phase") in {"Running", "Terminating"}

"""Verbs about applications of a running Roster, through its API."""

import dataclasses
import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from controller.cli import complete, findings
from controller.cli.api import connect, get, items, post
from controller.cli.options import Output, Server
from controller.cli.output import (
    Format,
    console,
    moment,
    print_error,
    print_finding,
    print_prose,
    print_table,
    short,
    show,
)
from controller.errors import PermanentError, RosterError, TransientError, UsageError

if TYPE_CHECKING:
    import httpx

app = typer.Typer(help="Applications: what is deployed from where, and how it is doing.")
Name = Annotated[
    str, typer.Argument(help="Name of the application.", autocompletion=complete.applications)
]

_POLL_S = 0.3


@app.command("list")
def list_applications(server: Server = None, output: Output = Format.TABLE) -> None:
    """List applications with their status.

    Example: roster app list -o json
    """
    with connect(server) as api:
        found = items(api, "/api/v1/applications")

    def text(is_wide: bool) -> None:
        columns = ["name", "namespace", "sync", "health", "revision", "repo", "path"]
        more = ["target", "policy", "objects", "conditions"] if is_wide else []
        rows = [_row(item, wide=is_wide) for item in found]
        print_table([*columns, *more], rows, nothing="There are no applications.")

    show(output, found, names=(item["metadata"]["name"] for item in found), text=text)


@app.command("get")
def get_application(name: Name, server: Server = None, output: Output = Format.TABLE) -> None:
    """Show one application: status, conditions, findings and objects.

    Example: roster app get examples
    """
    with connect(server) as api:
        item = get(api, f"/api/v1/applications/{name}")

    def text(is_wide: bool) -> None:
        _print_application(item, wide=is_wide)

    show(output, item, names=[item["metadata"]["name"]], text=text)


@app.command("history")
def history(name: Name, server: Server = None, output: Output = Format.TABLE) -> None:
    """List the last operations: what was applied when, by whom, with which outcome.

    Example: roster app history examples -o wide
    """
    with connect(server) as api:
        found = items(api, f"/api/v1/applications/{name}/history")

    def text(is_wide: bool) -> None:
        columns = ["id", "started", "phase", "revision", "by", "message"]
        more = ["author", "took", "tries", "result"] if is_wide else []
        rows = [_history_row(item, wide=is_wide) for item in found]
        print_table([*columns, *more], rows, nothing="Nothing was done yet.")

    show(output, found, names=(str(item["id"]) for item in found), text=text)


@app.command("rollback")
def rollback(
    name: Name,
    operation_id: Annotated[int, typer.Argument(metavar="ID", help="As `history` counts them.")],
    server: Server = None,
    revert_branch: Annotated[
        str,
        typer.Option(
            "--revert-branch", metavar="NAME", help="Push a new branch that says the same in git."
        ),
    ] = "",
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 120.0,
) -> None:
    """Apply the revision of an earlier operation, and hold it until the next commit or sync.

    With --revert-branch, a commit with the folder as it was then is pushed too, to be merged.

    Example: roster app rollback examples 3
    """
    is_reverted = not revert_branch or _revert(server, name, operation_id, revert_branch)
    try:
        _operate(server, name, "rollback", {"id": operation_id}, timeout_s)
    except typer.Exit as ended:
        raise typer.Exit(ended.exit_code or int(not is_reverted)) from ended


def _revert(server: str | None, name: str, operation_id: int, branch: str) -> bool:
    """Push a branch; what keeps it from that must not keep the cluster from going back."""
    asked = {"id": operation_id, "branch": branch}
    try:
        with connect(server) as api:
            made = post(api, f"/api/v1/applications/{name}/revert", asked, timeout_s=120.0)
    except RosterError as error:
        print_error(error)
        return False
    console().print(f"Pushed {made['branch']} at {short(made['revision'])}.", markup=False)
    return True


def sync(
    name: Name,
    server: Server = None,
    prune: Annotated[
        bool | None, typer.Option(help="Delete what left git, or not; else as the policy says.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag instead of the usual one.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Lift guards that ask for a confirmation.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would happen to each object.")
    ] = False,
    resource: Annotated[
        list[str] | None,
        typer.Option(help="GROUP:KIND:NAME of an object to sync alone; can be repeated."),
    ] = None,
    sync_option: Annotated[
        list[str] | None,
        typer.Option(help="Such as Replace=true, for this time; can be repeated."),
    ] = None,
    hooks: Annotated[bool, typer.Option(help="Run the hooks, or leave them out.")] = True,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 120.0,
) -> None:
    """Apply what git says now, and wait for the outcome.

    Example: roster sync examples --resource apps:Deployment:triage --dry-run
    """
    request: dict[str, Any] = {
        "prune": prune,
        "revision": revision,
        "confirmed": confirm,
        "dryRun": dry_run,
        "resources": [_selector(text) for text in resource or ()],
        "syncOptions": {"items": sync_option or []},
        "strategy": {"hook": {}} if hooks else {"apply": {}},
    }
    given = {key: value for key, value in request.items() if value is not None}
    _operate(server, name, "sync", given, timeout_s)


def _operate(
    server: str | None, name: str, verb: str, body: dict[str, Any], timeout_s: float
) -> NoReturn:
    """Ask for an operation, wait for its end, and exit by how it ended."""
    with connect(server) as api:
        asked = post(api, f"/api/v1/applications/{name}/{verb}", body)
        operation = _wait(api, name, asked["operation"]["id"], timeout_s=timeout_s)
    _print_operation(operation)
    raise typer.Exit(0 if operation["phase"] == "Succeeded" else 1)


def _wait(api: "httpx.Client", name: str, request: int, *, timeout_s: float) -> dict[str, Any]:
    """Wait until a request is done, and give the operation that did it.

    Raises:
        PermanentError: somebody's newer request took its place.
        TransientError: time is up; the request stays.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen = get(api, f"/api/v1/applications/{name}")
        waiting = seen.get("operation") or {"id": 0}
        if waiting["id"] > request:
            raise PermanentError(
                f"Somebody else asked for an operation on {name} meanwhile, which takes over.",
                remedy=f"`roster app history {name}` shows it.",
            )
        if waiting["id"] < request:
            return _operation_of(api, name, request)
        if time.monotonic() >= deadline:
            raise _late(seen, timeout_s)
        time.sleep(_POLL_S)


def _operation_of(api: "httpx.Client", name: str, request: int) -> dict[str, Any]:
    """Give the last operation that carried out a request which is done."""
    history = get(api, f"/api/v1/applications/{name}/history")["items"]
    found = [operation for operation in history if operation["requestId"] == request]
    if found:
        return dict(found[0])
    raise PermanentError(f"The request {request} of {name} is in no operation of the history.")


def _late(seen: Any, timeout_s: float) -> TransientError:
    name = seen["metadata"]["name"]
    causes = [
        condition["message"]
        for condition in seen["status"].get("conditions") or []
        if condition["type"] in {"SourceError", "ComparisonError", "SyncError"}
    ]
    cause = f" {causes[0]}" if causes else ""
    return TransientError(
        f"{name} did not finish its sync within {timeout_s:g} s.{cause}",
        remedy=f"It goes on; `roster app get {name}` shows what it waits for.",
    )


def _row(item: Any, *, wide: bool) -> tuple[str, ...]:
    spec, status = item["spec"], item["status"]
    row = (
        item["metadata"]["name"],
        spec["destination"]["namespace"],
        status["sync"]["status"],
        status["health"]["status"],
        short(status["sync"].get("revision") or ""),
        spec["source"]["repoURL"],
        spec["source"]["path"],
    )
    if not wide:
        return row
    automated = spec["syncPolicy"]["automated"]["enabled"]
    conditions = ",".join(condition["type"] for condition in status["conditions"])
    return (
        *row,
        spec["source"]["targetRevision"],
        "automatic" if automated else "manual",
        str(status["summary"]["resources"]),
        conditions,
    )


def _history_row(item: Any, *, wide: bool) -> tuple[str, ...]:
    more = (item["author"], _took(item), str(item["retryCount"] + 1), item["resultMessage"])
    return (
        str(item["id"]),
        moment(item["startedAt"]),
        item["phase"],
        short(item["revision"]),
        item["initiatedBy"]["cause"],
        f"Dry run: {item['title']}" if item["dryRun"] else item["title"],
        *(more if wide else ()),
    )


def _took(item: Any) -> str:
    if not item["finishedAt"]:
        return ""
    began, ended = (datetime.fromisoformat(item[at]) for at in ("startedAt", "finishedAt"))
    return f"{(ended - began).total_seconds():.1f}s"


def _print_application(item: Any, *, wide: bool) -> None:
    from rich.text import Text

    spec, status = item["spec"], item["status"]
    out = console()
    for label, value in (
        ("Name", item["metadata"]["name"]),
        ("Repository", spec["source"]["repoURL"]),
        ("Target", f"{spec['source']['targetRevision']}  path {spec['source']['path']}"),
        ("Namespace", spec["destination"]["namespace"]),
        ("Sync", f"{status['sync']['status']}  {short(status['sync'].get('revision') or '')}"),
        ("Health", f"{status['health']['status']}  {status['health'].get('message', '')}"),
    ):
        print_prose(Text(f"{label + ':':<14}{value}".rstrip()), out, hanging=14)
    for condition in status.get("conditions") or []:
        if condition["type"] == "InvalidDefinition":
            continue  # the findings say it in full
        said = Text(f"{condition['type']}: {condition['message']}", style="yellow")
        print_prose(said, out)
    for finding in status["findings"]:
        if finding["cause"]:
            continue  # the error that it follows from is printed
        print_finding(
            out,
            place=f"{finding['file']}:{finding['line']}:{finding['column']}",
            severity=finding["severity"],
            text=f"{finding['message']} [{finding['rule']}]",
            remedy=finding["remedy"],
        )
    findings.print_waiting(_waiting(status["components"]))
    out.print()
    columns = ["group", "kind", "name", "sync", "health", "message"]
    more = ["namespace", "wave", "file"] if wide else []
    rows = [_object_row(resource, wide=wide) for resource in status["resources"]]
    print_table([*columns, *more], rows, nothing="There are no objects.")


def _waiting(components: Iterable[Any]) -> list[str]:
    from controller.render import blocking

    return [
        component["id"]
        for component in components
        if component["health"]["message"].startswith(blocking.WAITS)
    ]


def _result_row(item: Any) -> tuple[str, ...]:
    kind = f"{item['kind']}.{item['group']}" if item["group"] else item["kind"]
    place = (item["namespace"], item["name"])
    return (item["syncPhase"], kind, *place, item["status"], item["message"])


def _object_row(resource: Any, *, wide: bool) -> tuple[str, ...]:
    health = resource.get("health") or {}
    place = f"{resource['file']}:{resource['line']}" if resource["file"] else ""
    more = (resource["namespace"], str(resource["syncWave"]), place) if wide else ()
    return (
        resource.get("group", ""),
        resource["kind"],
        resource["name"],
        resource["status"],
        health.get("status", ""),
        health.get("message", "") or resource.get("message", ""),
        *more,
    )


def _selector(text: str) -> dict[str, str]:
    from controller.plan.selection import Selector

    try:
        found = Selector.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    return dataclasses.asdict(found)


def _print_operation(operation: dict[str, Any]) -> None:
    if operation["dryRun"] and operation["resources"]:
        columns = ["phase", "kind", "namespace", "name", "status", "message"]
        print_table(columns, [_result_row(item) for item in operation["resources"]])
    console().print(f"{operation['phase']}: {operation['resultMessage']}", markup=False)

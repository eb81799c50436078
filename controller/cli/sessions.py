"""Verbs about sessions: what users and agents said to each other."""

import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.api import checked, connect, get
from controller.cli.options import Output, Server
from controller.cli.output import Format, console, print_prose, print_table, short, show

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

app = typer.Typer(help="Sessions: what users and agents said to each other.")
Id = Annotated[str, typer.Argument(help="Id of the session.")]
User = Annotated[str, typer.Option("--user", help="Only this user's.")]
_PAGE = 500
_FOLDED = 400
"""Characters of arguments and results that are printed; `-o json` has the rest."""


@app.command("list")
def list_sessions(
    agent: Annotated[str, typer.Option("--agent", help="Only this agent's: namespace/name.")] = "",
    user: User = "",
    state: Annotated[
        str, typer.Option("--state", help="Only in this state, such as input-required.")
    ] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="Only with these words.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    server: Server = None,
    output: Output = Format.TABLE,
) -> None:
    """List sessions, those written to last first; `-o wide` tells users, tokens and revisions.

    Example: roster session list --agent agents/front-desk
    """
    wanted = {"agent": agent, "user_id": user, "state": state, "q": search}
    with connect(server) as api:
        sessions = list(_sessions(api, wanted, limit))

    def text(is_wide: bool) -> None:
        columns = ["id", "agent", "state", "updated", "message"]
        more = ["user", "events", "tokens", "revision"] if is_wide else []
        rows = [_row(session, wide=is_wide) for session in sessions]
        print_table([*columns, *more], rows, nothing="There are no sessions.")

    show(output, sessions, names=(session["id"] for session in sessions), text=text)


@app.command("get")
def get_session(
    key: Id, user: User = "", server: Server = None, output: Output = Format.TABLE
) -> None:
    """Print a session as a conversation: tool calls, approvals, tokens, revisions.

    Example: roster session get 723e97d1-f5c7-41dc-927f-ebdbfd23d466
    """
    with connect(server) as api:
        found = get(api, _path(key, "/conversation", user))["data"]
    show(output, found, names=[key], text=lambda _: _print_conversation(found))


@app.command("export")
def export_session(
    key: Id,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Write there; else standard output.")
    ] = None,
    user: User = "",
    server: Server = None,
) -> None:
    """Write everything that is kept of a session, as JSON.

    Example: roster session export 723e97d1-f5c7-41dc-927f-ebdbfd23d466 -f session.json
    """
    import json

    with connect(server) as api:
        text = json.dumps(get(api, _path(key, "/export", user)), indent=2, ensure_ascii=False)
    if file is None:
        sys.stdout.write(f"{text}\n")
    else:
        file.write_text(f"{text}\n", encoding="utf-8")


@app.command("delete")
def delete_session(
    key: Id,
    user: User = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    server: Server = None,
) -> None:
    """Delete a session with its events, tasks and links.

    Example: roster session delete 723e97d1-f5c7-41dc-927f-ebdbfd23d466
    """
    if not yes:
        typer.confirm(f"Delete the session {key}?", abort=True)
    with connect(server) as api:
        checked(api.delete(_path(key, "", user)))


def _path(key: str, tail: str, user: str) -> str:
    query = f"?{urllib.parse.urlencode({'user_id': user})}" if user else ""
    return f"/api/sessions/{urllib.parse.quote(key, safe='')}{tail}{query}"


def _sessions(
    api: "httpx.Client", wanted: Mapping[str, str], limit: int
) -> Iterator[dict[str, Any]]:
    after = ""
    while limit > 0:
        size = min(limit, _PAGE)
        query = urllib.parse.urlencode({**wanted, "limit": size, "continue": after})
        page = get(api, f"/api/sessions?{query}")
        yield from page["data"]
        limit -= size
        after = page["continue"]
        if not after:
            return


def _row(session: Mapping[str, Any], *, wide: bool) -> tuple[str, ...]:
    more = (
        session["user_id"],
        str(session["events"]),
        str(session["input_tokens"] + session["output_tokens"]),
        short(session["revision"]),
    )
    return (
        session["id"],
        _agent(session["agent_id"]),
        session["state"],
        _time(session["updated_at"]),
        _one_line(session["first"] or session["name"], 50),
        *(more if wide else ()),
    )


def _print_conversation(found: Mapping[str, Any]) -> None:
    out, session = console(), found["session"]
    out.print(f"[bold]{_agent(session['agent_id'])}[/]", f"with {session['user_id']}", end="")
    out.print(f"  {session['state']}", style="dim", markup=False)
    for turn in found["turns"]:
        out.print()
        if turn["said"]:
            _print_said(out, "user", turn["said"], turn["at"])
        for step in turn["steps"]:
            _print_step(out, step)
        if turn["error"]:
            out.print("  failed:", turn["error"], style="red", markup=False)
        out.print(f"  {_spent(turn)}", style="dim", markup=False)


def _print_step(out: "Console", step: Mapping[str, Any]) -> None:
    if step["kind"] == "said":
        if step["text"]:
            _print_said(out, "agent", step["text"], step["at"])
        return
    out.print(f"  → {step['tool']} {_data(step['arguments'])}", style="cyan", markup=False)
    if step["approval"] is not None:
        out.print(f"    {_approval(step['approval'])}", style="yellow", markup=False)
    if step["result"] is not None:
        out.print(f"    ← {_data(step['result'])}", style="dim", markup=False)


def _print_said(out: "Console", who: str, text: str, at: str) -> None:
    from rich.text import Text

    out.print(f"{who}", style="bold", end="  ")
    out.print(_time(at), style="dim", markup=False)
    print_prose(Text(text), out, indent=2)


def _approval(approval: Mapping[str, Any]) -> str:
    if approval["state"] == "waiting":
        return "waits for an approval"
    by = f" by {approval['by']}" if approval["by"] else ""
    at = f" at {_time(approval['at'])}" if approval["at"] else ""
    reason = f": {approval['reason']}" if approval["reason"] else ""
    return f"{approval['state']}{by}{at}{reason}"


def _spent(turn: Mapping[str, Any]) -> str:
    tokens = f"{turn['input_tokens']} + {turn['output_tokens']} tokens"
    return f"{tokens}, revision {short(turn['revision'])}" if turn["revision"] else tokens


def _data(value: Any) -> str:
    import json

    return _one_line(json.dumps(value, ensure_ascii=False), _FOLDED)


def _one_line(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def _agent(identity: str) -> str:
    """Give `namespace/name`: Kubernetes' names have no underscores."""
    return identity.replace("__NS__", "/").replace("_", "-")


def _time(text: str) -> str:
    """Give a time of the API as people write it, in UTC."""
    return f"{text[:19].replace('T', ' ')}Z" if text else ""

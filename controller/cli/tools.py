"""Verbs about tools of MCP servers: which there are, and calling one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import toolarguments
from controller.cli.api import connect, get, post
from controller.cli.options import Output, Server
from controller.cli.output import Format, console, print_data, print_table, show
from controller.errors import UsageError

if TYPE_CHECKING:
    import httpx

app = typer.Typer(help="Tools of MCP servers: list them, and call one.")

_TIMEOUT_S = 70.0
"""A little longer than the controller allows a call."""


@app.command("list")
def list_tools(
    server_name: Annotated[
        str, typer.Argument(help="Name of the MCP server, or namespace/name; all if left out.")
    ] = "",
    server: Server = None,
    output: Output = Format.TABLE,
) -> None:
    """List the tools of MCP servers, as they were seen last, and who may use them.

    `-o wide` tells what each takes.

    Example: roster tool list toolbox -o wide
    """
    with connect(server) as api:
        servers = [found for found in _servers(api) if _is_named(found, server_name)]
    if server_name and not servers:
        raise UsageError(
            f"There is no MCP server {server_name!r}.", remedy="`roster tool list` shows all."
        )
    rows = list(_rows(servers))

    def text(is_wide: bool) -> None:
        columns = ["server", "tool", "status", "seen", "agents"]
        more = ["arguments", "message"] if is_wide else []
        shown = rows if is_wide else [row[:5] for row in rows]
        print_table([*columns, *more], shown, nothing="There are no MCP servers.")
        if not is_wide:
            _print_problems(servers)

    show(output, servers, names=(f"{row[0]}/{row[1]}" for row in rows if row[1]), text=text)


@app.command("call")
def call(
    tool: Annotated[str, typer.Argument(help="The tool, as [namespace/]server/tool.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            help="Arguments as name=value; a value is JSON where it can be and no text is wanted."
        ),
    ] = None,
    given: Annotated[str, typer.Option("--json", help="All arguments as one JSON object.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask where an approval is needed.")
    ] = False,
    server: Server = None,
    output: Output = Format.TABLE,
) -> None:
    """Call a tool of an MCP server. One that agents may only use with an approval asks for yours.

    Exit code 1 where the tool fails, 2 where it does not take such arguments.

    Example: roster tool call toolbox/calculate expression="6 * 7"
    """
    with connect(server) as api:
        found, name = _find(api, tool)
        content = _content(found, name, given, arguments or [])
        confirmed = yes or _is_approved(found, name, content)
        path = f"/api/toolservers/{found['ref']}/tools/{name}/call"
        body = {"arguments": content, "confirmed": confirmed, "kind": _kind(found)}
        result = post(api, path, body, timeout_s=_TIMEOUT_S)["data"]
    if output in {Format.JSON, Format.YAML}:
        print_data(result, output)
    else:
        _print_result(result)
    raise typer.Exit(int(result["isError"]))


def _servers(api: "httpx.Client") -> list[dict[str, Any]]:
    return list(get(api, "/api/toolservers")["data"])


def _is_named(found: dict[str, Any], name: str) -> bool:
    return name in {"", found["ref"], found["ref"].partition("/")[2]}


def _kind(found: dict[str, Any]) -> str:
    return str(found["groupKind"]).partition(".")[0]


def _rows(servers: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for found in servers:
        state = (found["status"], _age(found["lastConnected"]))
        for tool in found["discoveredTools"]:
            agents = ", ".join(
                f"{agent} (approval)" if agent in tool["approval"] else agent
                for agent in tool["agents"]
            )
            takes = toolarguments.described(tool["inputSchema"])
            yield (found["ref"], tool["name"], *state, agents, takes, found["message"])
        if not found["discoveredTools"]:
            yield (found["ref"], "", *state, "", "", found["message"])


def _print_problems(servers: list[dict[str, Any]]) -> None:
    out = console(stderr=True)
    for found in servers:
        if found["message"]:
            out.print(f"{found['ref']}: {found['message']}", markup=False)


def _age(when: str | None) -> str:
    if when is None:
        return "never"
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"


def _find(api: "httpx.Client", tool: str) -> tuple[dict[str, Any], str]:
    """Give the server and the name of a tool."""
    server, slash, name = tool.rpartition("/")
    if not slash:
        raise UsageError(
            f"{tool!r} names no server.", remedy="Name the tool as server/tool; see the list."
        )
    found = [one for one in _servers(api) if _is_named(one, server)]
    if len(found) == 1:
        return found[0], name
    if not found:
        raise UsageError(
            f"There is no MCP server {server!r}.", remedy="`roster tool list` shows all."
        )
    places = ", ".join(f"{one['ref']} ({_kind(one)})" for one in found)
    raise UsageError(f"There are several MCP servers {server!r}.", remedy=f"Name one of: {places}.")


def _content(found: dict[str, Any], name: str, given: str, arguments: list[str]) -> dict[str, Any]:
    """Give the arguments for a tool, checked where it is known what it takes."""
    known = [tool for tool in found["discoveredTools"] if tool["name"] == name]
    schema = known[0]["inputSchema"] if known else {}
    content = toolarguments.read(given, arguments, schema)
    toolarguments.check(name, content, schema)
    return content


def _is_approved(found: dict[str, Any], name: str, arguments: dict[str, Any]) -> bool:
    """Ask the user where agents need an approval."""
    needed = [tool for tool in found["discoveredTools"] if tool["name"] == name]
    if not needed or not needed[0]["approval"]:
        return False
    agents = ", ".join(needed[0]["approval"])
    shown = json.dumps(arguments, ensure_ascii=False)
    if typer.confirm(f"{agents} may use {name} with an approval only. Call it with {shown}?"):
        return True
    raise typer.Exit(1)


def _print_result(result: dict[str, Any]) -> None:
    out = console()
    for block in result["content"]:
        text = block["text"] if block.get("type") == "text" else json.dumps(block)
        out.print(text, markup=False, soft_wrap=True)

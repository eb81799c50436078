"""Verbs about agents: which there are, what they say of themselves, and talking to them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli import complete
from controller.cli.api import connect, get, items
from controller.cli.options import Output, Server
from controller.cli.output import Format, console, print_data, print_prose, print_table, short, show
from controller.errors import UsageError

if TYPE_CHECKING:
    import httpx

app = typer.Typer(help="Agents: list them, and talk to them.")
Name = Annotated[
    str,
    typer.Argument(help="Name of the agent, or namespace/name.", autocompletion=complete.agents),
]

_TIMEOUT_S = 300.0
"""An agent may use several tools, and ask other agents, before it answers."""
_WAITING = "input-required"


@app.command("list")
def listevery(server: Server = None, output: Output = Format.TABLE) -> None:
    """List the agents of all applications.

    Example: roster agent list
    """
    with connect(server) as api:
        agents = list(every(api))

    def text(is_wide: bool) -> None:
        columns = ["namespace", "name", "sync", "health", "application", "file"]
        more = ["tries", "message"] if is_wide else []
        rows = [_row(agent, wide=is_wide) for agent in agents]
        print_table([*columns, *more], rows, nothing="There are no agents.")

    show(output, agents, names=(f"{one['namespace']}/{one['name']}" for one in agents), text=text)


@app.command("card")
def card(name: Name, server: Server = None) -> None:
    """Print what an agent says of itself.

    Example: roster agent card front-desk
    """
    with connect(server) as api:
        path = f"{address(api, name)}.well-known/agent-card.json"
        print_data(get(api, path), Format.JSON)


@app.command("get")
def get_agent(name: Name, server: Server = None, output: Output = Format.TABLE) -> None:
    """Show one agent: how it does, where it is defined, its model, its tools and who approves.

    Example: roster agent get note-keeper
    """
    with connect(server) as api:
        found = find(api, name)
        path = f"/api/agents/{found['namespace']}/{found['name']}"
        detail = {**found, **get(api, path)["data"]}
    name = f"{found['namespace']}/{found['name']}"
    show(output, detail, names=[name], text=lambda _: _print_detail(detail))


def every(api: "httpx.Client") -> Iterator[dict[str, Any]]:
    """Give the agents of all applications, each with the application's name."""
    for item in items(api, "/api/v1/applications"):
        name = item["metadata"]["name"]
        status = get(api, f"/api/v1/applications/{name}")["status"]
        for component in status.get("components") or []:
            if component["kind"] == "Agent":
                yield {**component, "application": name}


def _row(agent: Mapping[str, Any], *, wide: bool) -> tuple[str, ...]:
    more = (str(agent["tries"]), agent["health"]["message"])
    return (
        agent["namespace"],
        agent["name"],
        agent["sync"],
        agent["health"]["status"],
        agent["application"],
        f"{agent['file']}:{agent['line']}",
        *(more if wide else ()),
    )


def find(api: "httpx.Client", name: str) -> dict[str, Any]:
    """Give an agent by name; its namespace may be left out where that is clear.

    Raises:
        UsageError: there is none, or more than one.
    """
    namespace, _, bare = name.rpartition("/")
    found = [
        agent
        for agent in every(api)
        if agent["name"] == bare and namespace in {"", agent["namespace"]}
    ]
    if not found:
        raise UsageError(f"There is no agent {name!r}.", remedy="`roster agent list` shows all.")
    places = sorted({agent["namespace"] for agent in found})
    if len(places) > 1:
        raise UsageError(
            f"There are several agents {bare!r}.",
            remedy=f"Name one of: {', '.join(f'{place}/{bare}' for place in places)}.",
        )
    return found[0]


def address(api: "httpx.Client", name: str) -> str:
    """Give the path at which an agent answers.

    Raises:
        UsageError: there is none, or more than one.
    """
    agent = find(api, name)
    return f"/api/a2a/{agent['namespace']}/{agent['name']}/"


def _print_detail(agent: Mapping[str, Any]) -> None:
    from rich.text import Text

    spec = agent["agent"]["spec"]
    health = agent["health"]
    model = " ".join(filter(None, (agent["modelProvider"], agent["model"])))
    named = f" ({agent['modelConfigRef']})" if agent["modelConfigRef"] else ""
    rows = {
        "Agent": f"{agent['namespace']}/{agent['name']}",
        "Description": spec.get("description") or "",
        "Application": agent["application"],
        "Defined in": f"{agent['file']}:{agent['line']} at {short(agent['revision'])}",
        "Sync": agent["sync"],
        "Health": "  ".join(filter(None, (health["status"], health["message"]))),
        "Model": f"{model}{named}" if model else "its own",
    }
    lines = [*rows.items(), *(("Tool", text) for text in _tools(agent["tools"]))]
    for title, text in lines:
        print_prose(Text(f"{title + ':':13}{text}"), console(), hanging=13)


def _tools(tools: list[dict[str, Any]]) -> Iterator[str]:
    """Say what each tool of an agent is, and which need an approval."""
    for tool in tools:
        if server := tool.get("mcpServer"):
            approval = server.get("requireApproval") or []
            names = [
                f"{name} (approval)" if name in approval else name
                for name in server.get("toolNames") or []
            ]
            kind = server.get("kind") or "MCPServer"
            yield f"{kind} {server['name']}: {', '.join(names) or 'all'}"
        elif agent := tool.get("agent"):
            yield f"Agent {agent['name']}"

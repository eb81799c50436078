"""The controller as MCP server: tools with which coding agents inspect and drive Roster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import pydantic
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from controller.errors import RosterError
from controller.mcp import shapes
from controller.mcp.roster import Roster

_INSTRUCTIONS = """\
Roster deploys AI agents to Kubernetes from a git repository and keeps the cluster as git says.
Change agents by commits to the repository, never in the cluster: that would be undone. Look with
list_applications and get_application, see what differs with get_diff, and talk to agents with
invoke_agent; go on with a conversation by giving its context_id back."""
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_INVOKES = ToolAnnotations(
    # An agent may do whatever its tools can.
    read_only_hint=False,
    destructive_hint=True,
    idempotent_hint=False,
    open_world_hint=True,
)
_SYNCS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)

Name = Annotated[str, pydantic.Field(description="Name of the application.")]


def create(roster: Roster, *, version: str, may_sync: bool) -> MCPServer:
    """Make the server.

    Args:
        roster: whom it asks.
        version: Roster's.
        may_sync: whether clients may sync applications.
    """
    server = MCPServer(
        "roster",
        title="Roster",
        instructions=_INSTRUCTIONS,
        version=version,
        log_level="WARNING",
    )
    _add_agents(server, roster)
    _add_applications(server, roster)
    _add_resources(server, roster)
    if may_sync:
        _add_sync(server, roster)
    return server


def _add_agents(server: MCPServer, roster: Roster) -> None:
    @server.tool(title="List agents", annotations=_READS)
    async def list_agents() -> shapes.Agents:
        """List the agents of all applications, with what they are for and how they do."""
        with _told():
            return await roster.agents()

    @server.tool(title="Invoke an agent", annotations=_INVOKES)
    async def invoke_agent(
        context: Context,
        agent: Annotated[str, pydantic.Field(description="The agent, as namespace/name.")],
        task: Annotated[str, pydantic.Field(description="What to say to it.")],
        context_id: Annotated[
            str, pydantic.Field(description="Goes on with the conversation that gave it.")
        ] = "",
    ) -> shapes.Reply:
        """Say something to an agent and wait for its answer; progress tells what it does."""
        steps = 0

        async def progress(news: str) -> None:
            nonlocal steps
            steps += 1
            await context.report_progress(steps, message=news)

        with _told():
            return await roster.invoke(agent, task, context_id, progress)

    @server.tool(title="List tools of MCP servers", annotations=_READS)
    async def list_tools() -> shapes.Tools:
        """List the tools of all MCP servers, and which agents may use them."""
        with _told():
            return await roster.tools()


def _add_applications(server: MCPServer, roster: Roster) -> None:
    @server.tool(title="List applications", annotations=_READS)
    async def list_applications() -> shapes.Applications:
        """List all applications with sync status and health."""
        with _told():
            return await roster.applications()

    @server.tool(title="Get an application", annotations=_READS)
    async def get_application(name: Name) -> shapes.ApplicationDetail:
        """Get an application: its status, each definition's, and findings with their remedy."""
        with _told():
            return await roster.application(name)

    @server.tool(title="Get a diff", annotations=_READS)
    async def get_diff(name: Name) -> shapes.Diff:
        """Get what a sync would change now: for the agents in their terms, and for objects."""
        with _told():
            return await roster.diff(name)

    @server.tool(title="Get the history", annotations=_READS)
    async def get_history(name: Name) -> shapes.History:
        """Get the last syncs of an application: who, which commit, and what came of it."""
        with _told():
            return await roster.history(name)


def _add_sync(server: MCPServer, roster: Roster) -> None:
    @server.tool(title="Sync an application", annotations=_SYNCS)
    async def sync_application(
        name: Name,
        revision: Annotated[
            str, pydantic.Field(description="Commit, branch or tag; the target if left out.")
        ] = "",
    ) -> shapes.SyncStarted:
        """Make the cluster what git says. Look at get_diff first; answers before it is done."""
        with _told():
            return await roster.sync(name, revision)


def _add_resources(server: MCPServer, roster: Roster) -> None:
    @server.resource("kagent://agents", name="agents", mime_type="application/json")
    async def agents() -> str:
        """Every agent, at the address that kagent's controller has for it."""
        return (await roster.agents()).model_dump_json()

    @server.resource("roster://applications", name="applications", mime_type="application/json")
    async def applications() -> str:
        """Every application."""
        return (await roster.applications()).model_dump_json()

    @server.resource(
        "roster://applications/{name}", name="application", mime_type="application/json"
    )
    async def application(name: str) -> str:
        """One application."""
        return (await roster.application(name)).model_dump_json()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the model what went wrong, and what to do about it."""
    try:
        yield
    except RosterError as error:
        raise ToolError(str(error)) from error

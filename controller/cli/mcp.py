"""`roster mcp`: Roster's MCP server on standard input and output, for coding agents."""

from typing import Annotated

import typer

from controller.cli.options import Server


def mcp(
    server: Server = None,
    allow_sync: Annotated[
        bool, typer.Option("--allow-sync", help="Let the client sync applications, too.")
    ] = False,
) -> None:
    """Serve MCP on standard input and output, for coding agents on this machine.

    Its tools list and invoke agents and show applications, diffs and history of a running Roster,
    which serves the same at /mcp.

    Example: claude mcp add roster -- roster mcp
    """
    import asyncio

    asyncio.run(_serve(server, allow_sync=allow_sync))


async def _serve(server: str | None, *, allow_sync: bool) -> None:
    import httpx

    from controller import __version__
    from controller.a2a import conversation
    from controller.cli.api import TIMEOUT_S, base_url, identity
    from controller.mcp.roster import Roster
    from controller.mcp.server import create

    roster = Roster(
        httpx.AsyncClient(
            base_url=base_url(server), timeout=TIMEOUT_S, trust_env=False, headers=identity()
        ),
        conversation.say,
    )
    try:
        await create(roster, version=__version__, may_sync=allow_sync).run_stdio_async()
    finally:
        await roster.close()

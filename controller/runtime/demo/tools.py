"""An MCP server with small tools that do what they say: the examples' agents work with it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from controller.runtime.demo import calculator
from controller.runtime.demo.notes import NoteError, Notes

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_DESTROYS = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)

_WORDS_PER_MINUTE = 230
"""How fast adults read prose silently (Brysbaert 2019: 238 for non-fiction)."""

Zone = Annotated[str, Field(description="IANA name, for instance Europe/Berlin")]


def server() -> MCPServer:
    """The tools as an MCP server, without a transport."""
    mcp = MCPServer(
        "roster-demo-tools",
        version="1.0",
        instructions="Small tools for Roster's examples.",
        log_level="WARNING",
    )
    _add_arithmetic(mcp)
    _add_clock(mcp)
    _add_text(mcp)
    _add_notes(mcp, Notes())
    return mcp


def create() -> Starlette:
    """The tools behind streamable HTTP at `/mcp`, stateless, so that a restart loses no session."""
    mcp = server()

    async def health(_: Request) -> Response:
        return PlainTextResponse("OK")

    mcp.custom_route("/health", methods=["GET"])(health)
    # The library checks the Host header when it is told a loopback address; a pod is reached by
    # its Service's name, so it is told the wildcard whatever the process listens on.
    return mcp.streamable_http_app(stateless_http=True, json_response=True, host="0.0.0.0")  # noqa: S104


def _add_arithmetic(mcp: MCPServer) -> None:
    @mcp.tool(annotations=_READS, structured_output=False)
    def calculate(expression: str) -> str:
        """Calculate an arithmetic expression such as `(2 + 3) * 4`."""
        try:
            return f"{calculator.evaluate(expression):g}"
        except ValueError as error:
            raise ToolError(str(error)) from error


def _add_clock(mcp: MCPServer) -> None:
    @mcp.tool(annotations=_READS, structured_output=False)
    def current_time(timezone: Zone = "UTC") -> str:
        """Tell the time and date right now in a time zone or city."""
        return datetime.now(_zone(timezone)).strftime("%A, %d %B %Y, %H:%M:%S %Z")

    @mcp.tool(annotations=_READS, structured_output=False)
    def convert_time(time: str, from_timezone: Zone, to_timezone: Zone) -> str:
        """Convert a time of today, such as `15:30`, from one time zone or city to another."""
        source = _zone(from_timezone)
        try:
            clock = datetime.strptime(time, "%H:%M").time()  # noqa: DTZ007 - the zone comes next
        except ValueError as error:
            raise ToolError(f"{time!r} is no time of day; write it as 15:30.") from error
        today = datetime.now(source).date()
        moment = datetime.combine(today, clock, tzinfo=source)
        there = moment.astimezone(_zone(to_timezone))
        days = (there.date() - today).days
        note = {0: "", 1: " the next day", -1: " the day before"}[days]
        return f"{time} in {from_timezone} is {there:%H:%M}{note} in {to_timezone}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ToolError(
            f"{name!r} is no time zone; use an IANA name such as Europe/Berlin or UTC."
        ) from error


def _add_text(mcp: MCPServer) -> None:
    @mcp.tool(annotations=_READS)
    def text_statistics(text: str) -> dict[str, float]:
        """Count the words, sentences and characters of a text, with its reading time."""
        words = re.findall(r"\w+(?:['’-]\w+)*", text)  # noqa: RUF001 - typographic apostrophe
        sentences = [part for part in re.split(r"[.!?]+(?:\s|$)", text) if part.strip()]
        return {
            "words": len(words),
            "sentences": len(sentences),
            "characters": len(text),
            "longest_word_length": max(map(len, words), default=0),
            "reading_time_seconds": round(60 * len(words) / _WORDS_PER_MINUTE, 1),
        }


def _add_notes(mcp: MCPServer, notes: Notes) -> None:
    @mcp.tool(annotations=_WRITES, structured_output=False)
    def save_note(title: str, text: str) -> str:
        """Save a note under a title; replaces a note of the same title."""
        return _or_tool_error(lambda: notes.save(title, text))

    @mcp.tool(annotations=_READS)
    def list_notes() -> list[str]:
        """List the titles of all notes."""
        return notes.titles()

    @mcp.tool(annotations=_READS, structured_output=False)
    def read_note(title: str) -> str:
        """Read a note by its title."""
        return _or_tool_error(lambda: notes.read(title))

    @mcp.tool(annotations=_DESTROYS, structured_output=False)
    def delete_note(title: str) -> str:
        """Delete a note for good."""
        return _or_tool_error(lambda: notes.delete(title))


def _or_tool_error(act: Callable[[], str]) -> str:
    try:
        return act()
    except NoteError as error:
        raise ToolError(str(error)) from error

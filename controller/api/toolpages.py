"""The dashboard's page about tools: MCP servers, how they do, and which agents may use what."""

from datetime import UTC, datetime
from typing import Any

import flask
import orjson

from controller.api import toolservers
from controller.api.answers import tagged
from controller.reconcile.tools.toolbox import Shown
from controller.state.toolservers import ToolRecord

blueprint = flask.Blueprint("tool_pages", __name__, url_prefix="/tools")

_SHOWN_BYTES = 20_000
"""Of one schema: the API has the rest."""
_STATUS = {"Ready": "Healthy", "Unreachable": "Degraded", "Pending": "Progressing"}
"""Which of the dashboard's shapes and colours stands for a server's status."""


@blueprint.get("")
def tools() -> flask.Response:
    """Show every MCP server with its tools; `?q=` keeps those that have the words."""
    words = flask.request.args.get("q", "").strip()[:200]
    everything = toolservers.all_servers()
    found = [(shown, kept) for shown in everything if (kept := _kept(shown, words)) is not None]
    page = flask.render_template(
        "tools.html",
        servers=found,
        total=sum(len(shown.record.offered) for shown in everything),
        is_any=bool(everything),
        words=words,
        look=_STATUS.get,
        schema=_schema,
        hints=_hints,
        now=datetime.now(UTC),
    )
    return tagged(flask.make_response(page))


def _kept(shown: Shown, words: str) -> tuple[ToolRecord, ...] | None:
    """Give the tools of a server that have the words; None where neither it nor they do."""
    offered = shown.record.offered
    wanted = words.casefold()
    if wanted in str(shown.served.server.id).casefold():
        return offered
    kept = tuple(tool for tool in offered if wanted in f"{tool.name} {tool.description}".casefold())
    return kept or None


def _schema(tool: ToolRecord) -> str:
    text = orjson.dumps(tool.input_schema, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= _SHOWN_BYTES else f"{text[:_SHOWN_BYTES]}\n…"


def _hints(tool: ToolRecord) -> list[str]:
    """Give what a server says of a tool's effects, in words. It may be wrong: it is a hint."""
    told: dict[str, Any] = tool.annotations or {}
    if told.get("readOnlyHint"):
        return ["that it only reads"]
    return ["that it may destroy something"] if told.get("destructiveHint") else []

"""What was known of a server, and what it says now -> what is known. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from controller.mcp.way import Listed, Listing
from controller.objects.content import canonical
from controller.state.toolservers import ToolRecord, ToolServerRecord

READY, UNREACHABLE, PENDING = "Ready", "Unreachable", "Pending"
_REMEMBERED = timedelta(days=30)
"""How long a withdrawn tool is remembered."""


def listed(before: ToolServerRecord, listing: Listing, now: datetime) -> ToolServerRecord:
    """Give the record after a server listed its tools."""
    return before.model_copy(
        update={
            "status": READY,
            "message": "",
            "server_name": listing.server_name,
            "server_version": listing.server_version,
            "protocol_version": listing.protocol_version,
            "latency_ms": round(listing.latency_s * 1000, 1),
            "asked_at": now,
            "connected_at": now,
            "tools": tuple(_tools(before.tools, listing.tools, now)),
        }
    )


def failed(
    before: ToolServerRecord, message: str, now: datetime, *, status: str = UNREACHABLE
) -> ToolServerRecord:
    """Give the record after a server did not answer: its tools stay."""
    return before.model_copy(update={"status": status, "message": message, "asked_at": now})


def is_news(before: ToolServerRecord, after: ToolServerRecord) -> bool:
    """Tell whether more than times and latencies changed."""
    return (before.status, before.message, before.tools) != (
        after.status,
        after.message,
        after.tools,
    )


def schema_hash(tool: Listed) -> str:
    """Give the hash of everything that a model is told of a tool.

    The description belongs to it: it is an instruction to the model, and a server that changes it
    changes what its callers do.
    """
    told = [
        tool.name, tool.description, dict(tool.input_schema), tool.output_schema, tool.annotations
    ]  # fmt: skip
    return hashlib.sha256(canonical(told)).hexdigest()


def _tools(
    before: Iterable[ToolRecord], now_listed: Iterable[Listed], now: datetime
) -> Iterable[ToolRecord]:
    known = {tool.name: tool for tool in before}
    current = {tool.name: tool for tool in now_listed}
    for name in sorted({*known, *current}):
        if name in current:
            yield _tool(known.get(name), current[name], now)
        elif (gone := known[name].withdrawn_at) is None:
            yield known[name].model_copy(update={"withdrawn_at": now})
        elif now - gone < _REMEMBERED:
            yield known[name]


def _tool(before: ToolRecord | None, tool: Listed, now: datetime) -> ToolRecord:
    digest = schema_hash(tool)
    if before is not None and before.hash == digest:
        return before.model_copy(update={"withdrawn_at": None})
    return ToolRecord(
        name=tool.name,
        description=tool.description,
        input_schema=dict(tool.input_schema),
        output_schema=dict(tool.output_schema) if tool.output_schema else None,
        annotations=dict(tool.annotations) if tool.annotations else None,
        hash=digest,
        seen_at=before.seen_at if before else now,
        changed_at=now if before else None,
    )

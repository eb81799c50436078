"""Events of sessions: what ADK's `Event` says, in either spelling.

kagent's runtime stores `Event.model_dump_json()` with ADK's snake_case fields, Roster's own stores
the same shape in camelCase. Only what lists and conversations show is read here; what is stored
stays as it came, but for credentials.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

CONFIRMATION = "adk_request_confirmation"
"""Name of the call with which a runtime asks for an approval of another call."""

_CREDENTIALS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
        "x-share-token",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call, or the answer to one."""

    id: str
    name: str
    value: Mapping[str, Any]
    """Arguments of a call, result of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdkEvent:
    """One event, as far as it is shown."""

    author: str
    role: str
    invocation: str
    """Groups the events of one turn."""
    time: datetime | None
    text: str
    thought: str
    calls: tuple[Call, ...]
    responses: tuple[Call, ...]
    input_tokens: int
    output_tokens: int
    error: str
    metadata: Mapping[str, Any]
    """ADK's custom metadata: Roster's runtime says there who decided an approval, and when."""


def parse(data: str) -> AdkEvent:
    """Read an event; what is not one is shown as its text."""
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict):
        event = {"content": {"parts": [{"text": data}]}}
    content = _mapping(event.get("content"))
    parts = [part for part in content.get("parts") or () if isinstance(part, dict)]
    usage = _mapping(_get(event, "usage_metadata"))
    return AdkEvent(
        author=str(event.get("author") or ""),
        role=str(content.get("role") or ""),
        invocation=str(_get(event, "invocation_id") or ""),
        time=_time(event.get("timestamp")),
        text="".join(_texts(parts, is_thought=False)),
        thought="".join(_texts(parts, is_thought=True)),
        calls=tuple(_calls(parts, "function_call", "args")),
        responses=tuple(_calls(parts, "function_response", "response")),
        input_tokens=_count(_get(usage, "prompt_token_count")),
        output_tokens=_count(_get(usage, "candidates_token_count")),
        error=str(_get(event, "error_message") or _get(event, "error_code") or ""),
        metadata=_mapping(_get(event, "custom_metadata")),
    )


def without_credentials(data: str) -> str:
    """Give an event without the credentials among the caller's headers.

    kagent's runtime stores every header of a request as the session's state, in the event
    `header_update`.
    """
    if '"headers"' not in data:
        return data
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    actions = _mapping(_mapping(event).get("actions"))
    headers = _mapping(_get(actions, "state_delta")).get("headers")
    found = [name for name in _mapping(headers) if str(name).lower() in _CREDENTIALS]
    if not found:
        return data
    for name in found:
        del headers[name]  # type: ignore[union-attr]  # found in it
    return orjson.dumps(event).decode()


def _texts(parts: list[dict[str, Any]], *, is_thought: bool) -> Iterator[str]:
    for part in parts:
        if part.get("text") and bool(part.get("thought")) is is_thought:
            yield str(part["text"])


def _calls(parts: list[dict[str, Any]], field: str, value: str) -> Iterator[Call]:
    for part in parts:
        call = _get(part, field)
        if isinstance(call, dict):
            yield Call(
                id=str(call.get("id") or ""),
                name=str(call.get("name") or ""),
                value=_mapping(call.get(value)),
            )


def _get(mapping: Mapping[str, Any], name: str) -> Any:
    """Give a field by its snake_case name, in whichever spelling it has."""
    found = mapping.get(name)
    if found is None:
        head, *rest = name.split("_")
        found = mapping.get(head + "".join(word.title() for word in rest))
    return found


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _time(value: Any) -> datetime | None:
    """Read seconds since 1970, as ADK has them, or an ISO 8601 text."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None

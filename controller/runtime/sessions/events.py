"""A conversation's messages as ADK events, and back.

The controller keeps events in the form of Google's ADK, because kagent's clients and dashboards
read it: `content.parts` is for them. Beside it, `customMetadata.roster` holds the message exactly
as the agent loop had it, so that nothing is lost on the way back. Histories that kagent's own
runtime wrote have no such entry; they are restored from their parts, in either spelling of the keys
(`usageMetadata`, `usage_metadata`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
    repair_messages,
)

from controller.runtime.sessions.conversations import Entry, Past
from controller.runtime.turns import PendingCall

_OURS = "roster"
_ADKS_OWN_CALLS = frozenset({"adk_request_confirmation", "adk_request_credential"})
"""Calls by which ADK asks for approval; to the model they never happened."""

_NOT_YET = frozenset({"confirmation_requested", "pending"})
"""What kagent-adk writes as a call's answer while the call waits; the real one follows."""


def event(
    entry: Entry,
    *,
    agent: str,
    turn_id: str,
    at: float,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One message as an event; `at` in seconds of the epoch, `extra` goes beside the message."""
    message = entry.message
    is_prompt = isinstance(message, ModelRequest) and any(
        isinstance(part, UserPromptPart) for part in message.parts
    )
    shown: dict[str, Any] = {
        "id": entry.id,
        "invocationId": turn_id,
        "author": "user" if is_prompt else agent,
        "timestamp": at,
        "content": {
            "role": "model" if isinstance(message, ModelResponse) else "user",
            "parts": [part for parts in map(_shown, message.parts) for part in parts],
        },
        "customMetadata": {_OURS: {**(extra or {}), "message": _exactly(message)}},
    }
    if isinstance(message, ModelResponse):
        shown["usageMetadata"] = {
            "promptTokenCount": message.usage.input_tokens,
            "candidatesTokenCount": message.usage.output_tokens,
            "totalTokenCount": message.usage.total_tokens,
        }
        shown["modelVersion"] = message.model_name
    return shown


def past(events: Iterable[Mapping[str, Any]]) -> Past:
    """The conversation that a session's events tell, oldest first."""
    entries: list[Entry] = []
    pending: tuple[PendingCall, ...] = ()
    since = 0.0
    colleagues: dict[str, str] = {}
    for told in events:
        ours = _get(told, "customMetadata").get(_OURS) or {}
        message = _message(told, ours)
        if message is None:
            continue
        entry = Entry(id=str(told.get("id") or ""), message=message)
        entries = with_entry(entries, entry, replaces=ours.get("replaces"))
        pending = tuple(PendingCall(**call) for call in ours.get("pending") or ())
        since = float(told.get("timestamp") or 0.0)
        colleagues |= ours.get("colleagues") or {}
    if not pending:
        entries = closed(entries)
    return Past(
        entries=tuple(entries),
        pending=pending,
        pending_since=since,
        colleague_contexts=colleagues,
    )


def with_entry(
    entries: Sequence[Entry], entry: Entry, *, replaces: str | None = None
) -> list[Entry]:
    """A history with one more entry: at its end, or in the place of all up to `replaces`.

    The latter is a summary, and what was said after what it sums up follows it.
    """
    if replaces is None:
        return [*entries, entry]
    place = next((i for i, known in enumerate(entries) if known.id == replaces), -1)
    return [entry, *(entries[place + 1 :] if place >= 0 else ())]


def _exactly(message: ModelMessage) -> Any:
    dumped = ModelMessagesTypeAdapter.dump_python([message], mode="json")[0]
    # The system prompt belongs to the agent's configuration, not to the conversation.
    dumped.pop("instructions", None)
    return dumped


def _message(told: Mapping[str, Any], ours: Mapping[str, Any]) -> ModelMessage | None:
    if "message" in ours:
        try:
            return ModelMessagesTypeAdapter.validate_python([ours["message"]])[0]
        except ValidationError:
            pass  # written by another version of the library: its parts are still readable
    content = told.get("content") or {}
    parts = content.get("parts") or ()
    if told.get("partial"):
        return None
    if content.get("role") == "model":
        answered = [part for part in map(_said, parts) if part is not None]
        return ModelResponse(parts=answered) if answered else None
    asked = [part for part in map(_asked, parts) if part is not None]
    return ModelRequest(parts=asked) if asked else None


def _said(part: Mapping[str, Any]) -> ModelResponsePart | None:
    call = _get(part, "functionCall")
    if call:
        if call["name"] in _ADKS_OWN_CALLS:
            return None
        return ToolCallPart(
            tool_name=call["name"],
            args=call.get("args") or {},
            tool_call_id=call.get("id") or call["name"],
        )
    text = part.get("text")
    return TextPart(content=text) if text and not part.get("thought") else None


def _asked(part: Mapping[str, Any]) -> ModelRequestPart | None:
    response = _get(part, "functionResponse")
    if response:
        is_placeholder = (response.get("response") or {}).get("status") in _NOT_YET
        if response["name"] in _ADKS_OWN_CALLS or is_placeholder:
            return None
        return ToolReturnPart(
            tool_name=response["name"],
            content=response.get("response") or {},
            tool_call_id=response.get("id") or response["name"],
        )
    text = part.get("text")
    return UserPromptPart(content=text) if text else None


def _get(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping under its name in camel case or in snake case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return of.get(name) or of.get(snake) or {}


def closed(entries: Sequence[Entry]) -> list[Entry]:
    """The same history with an end to calls that nobody answered: something came in between."""
    messages = [entry.message for entry in entries]
    repaired = repair_messages(messages)
    if len(repaired) == len(messages):
        return [
            Entry(id=entry.id, message=message)
            for entry, message in zip(entries, repaired, strict=True)
        ]
    known = {id(entry.message): entry.id for entry in entries}
    closed_entries: list[Entry] = []
    for message in repaired:
        before = closed_entries[-1].id if closed_entries else entries[0].id
        closed_entries.append(Entry(id=known.get(id(message), before), message=message))
    return closed_entries


def _shown(part: Any) -> list[dict[str, Any]]:
    match part:
        case TextPart(content=text):
            return [{"text": text}] if text else []
        case UserPromptPart(content=content):
            pieces = [content] if isinstance(content, str) else content
            return [{"text": piece} for piece in pieces if isinstance(piece, str)]
        case ToolCallPart():
            call = {"id": part.tool_call_id, "name": part.tool_name, "args": part.args_as_dict()}
            return [{"functionCall": call}]
        case ToolReturnPart():
            response = json.loads(json.dumps(part.model_response_object(), default=str))
            return [
                {
                    "functionResponse": {
                        "id": part.tool_call_id,
                        "name": part.tool_name,
                        "response": response,
                    }
                }
            ]
        case _:
            return []

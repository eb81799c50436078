"""A session's events as a conversation: turns of what was said, with tool calls and approvals.

Two runtimes write the events. kagent's asks for an approval by a call of its own
(`adk_request_confirmation`), whose answer is the decision; Roster's says in the metadata who
decided, how and when. Here both look the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from controller.state import adkevents
from controller.state.adkevents import CONFIRMATION, AdkEvent, Call
from controller.state.sessions import Event

_NOT_YET = frozenset({"confirmation_requested", "pending"})
"""What kagent's runtime stores as a call's answer while it waits for an approval."""


@dataclass(slots=True, kw_only=True)
class Approval:
    """That a person was asked about a call, and what came of it."""

    state: Literal["waiting", "approved", "rejected"] = "waiting"
    by: str = ""
    """Who decided; empty where nobody did yet, or where it is not known."""
    at: str = ""
    """When, in ISO 8601."""
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Step:
    """Something an agent said or did."""

    kind: Literal["said", "call"]
    author: str = ""
    text: str = ""
    thought: str = ""
    id: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None
    """None while there is none."""
    approval: Approval | None = None
    at: str = ""


@dataclass(slots=True, kw_only=True)
class Turn:
    """What a user said, and all that came of it."""

    said: str = ""
    at: str = ""
    steps: list[Step] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    revision: str = ""
    """The commit of the agent that answered."""
    error: str = ""


def turns(events: Iterable[Event], *, user: str) -> list[Turn]:
    """Give the turns of a session, oldest first.

    Args:
        events: in order.
        user: whose session it is; he decided where nothing says who did.
    """
    reader = _Reader(user)
    for event in events:
        reader.read(event, adkevents.parse(event.data))
    return reader.turns


class _Reader:
    """Reads events one after the other."""

    def __init__(self, user: str) -> None:
        self.turns: list[Turn] = []
        self._user = user
        self._calls: dict[str, Step] = {}
        self._asked: dict[str, str] = {}
        """Ids of calls by those of the questions about them."""

    def read(self, stored: Event, event: AdkEvent) -> None:
        """Take one event in."""
        at = event.time.isoformat() if event.time else stored.created_at
        is_users = event.author == "user"
        if event.author == "system":
            return
        if is_users and event.text:
            self.turns.append(Turn(said=event.text, at=at))
        if not self.turns:
            self.turns.append(Turn(at=at))
        turn = self.turns[-1]
        if not is_users:
            self._answer(turn, event, at)
            turn.revision = stored.revision or turn.revision
        self._decisions(event, at)
        turn.input_tokens += event.input_tokens
        turn.output_tokens += event.output_tokens
        turn.error = event.error or turn.error

    def _answer(self, turn: Turn, event: AdkEvent, at: str) -> None:
        if event.text or event.thought:
            turn.steps.append(
                Step(
                    kind="said", author=event.author, text=event.text, thought=event.thought, at=at
                )
            )
        for call in event.calls:
            self._call(turn, call, at)
        for response in event.responses:
            step = self._calls.get(response.id)
            if step is not None and response.value.get("status") not in _NOT_YET:
                step.result = response.value

    def _call(self, turn: Turn, call: Call, at: str) -> None:
        if call.name == CONFIRMATION:
            original = call.value.get("originalFunctionCall")
            about = str(original.get("id")) if isinstance(original, Mapping) else ""
            self._asked[call.id] = about
            self._approval(about)
            return
        step = Step(kind="call", id=call.id, tool=call.name, arguments=call.value, at=at)
        self._calls[call.id] = step
        turn.steps.append(step)

    def _decisions(self, event: AdkEvent, at: str) -> None:
        for response in event.responses:
            if response.name == CONFIRMATION:
                self._decided(response, at)
        ours = _mapping(event.metadata.get("roster"))
        for call in _mappings(ours.get("pending")):
            self._approval(str(call.get("id")))
        for decision in _mappings(ours.get("decisions")):
            approval = self._approval(str(decision.get("callId")))
            if approval is not None:
                is_approved = decision.get("decision") == "approve"
                approval.state = "approved" if is_approved else "rejected"
                approval.by = str(decision.get("by") or "")
                approval.at = str(decision.get("at") or at)
                approval.reason = str(decision.get("reason") or "")

    def _decided(self, response: Call, at: str) -> None:
        """Read a decision in kagent's form."""
        approval = self._approval(self._asked.get(response.id, ""))
        if approval is None:
            return
        given = _parsed(response.value.get("response", response.value))
        approval.state = "approved" if given.get("confirmed") else "rejected"
        approval.by, approval.at = self._user, at
        approval.reason = str(_mapping(given.get("payload")).get("rejection_reason") or "")

    def _approval(self, call: str) -> Approval | None:
        step = self._calls.get(call)
        if step is None:
            return None
        step.approval = step.approval or Approval()
        return step.approval


def spoken_time(text: str) -> datetime | None:
    """Read an ISO 8601 time; None where it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parsed(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return _mapping(value)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

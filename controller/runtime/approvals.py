"""Human approval in kagent's message form: a question as data part, a decision as data part.

The form is kagent-adk's (0.10): its dashboard and clients, and other agents, understand it. The
question stands in the status message of a task that is `input-required`; the answer is a message to
the same task with one data part that has a `decision_type`. The agent's own questions to the user
(`ask_user`) take the same way; their answers come as `ask_user_answers` of an approval.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic_ai import DeferredToolResults, ToolApproved, ToolDenied

from controller.definitions.owntools import ASK_USER
from controller.runtime.sessions.conversations import Past
from controller.runtime.turns import Decision, PendingCall, Turn

CONFIRMATION = "adk_request_confirmation"
QUESTION_METADATA = {"kagent_type": "function_call", "kagent_is_long_running": True}
NOBODY = "nobody"
"""Stands as the one who decided where the time limit did."""
LINK = "a shared link"
"""Stands as the one who decided where somebody did who had a link to the conversation."""

REJECTED = "Tool call was rejected by user."
_OVERTAKEN = "The person did not decide about this call, and wrote something else instead."


class DecisionError(ValueError):
    """The message to a waiting task is no decision; says what one looks like."""


def question(call: PendingCall) -> dict[str, Any]:
    """The data part that asks a person about a tool call."""
    confirmation: dict[str, Any] = {"hint": _hint(call), "confirmed": False}
    if call.payload:
        confirmation["payload"] = dict(call.payload)
    original = {"id": call.id, "name": call.name, "args": dict(call.arguments)}
    return {
        "id": f"adk-{uuid.uuid4()}",
        "name": CONFIRMATION,
        "args": {"originalFunctionCall": original, "toolConfirmation": confirmation},
    }


def _hint(call: PendingCall) -> str:
    if call.name == ASK_USER:
        questions = call.arguments.get("questions") or ()
        return "; ".join(str(asked.get("question", "")) for asked in questions)
    return f"Tool '{call.name}' requires approval before execution."


def decisions(
    parts: Sequence[Mapping[str, Any]], pending: Sequence[PendingCall]
) -> dict[str, Decision] | None:
    """What the data parts of a message decide about the calls that wait; None: nothing.

    Raises:
        DecisionError: a decision of an unknown type, or a batch that leaves a call out.
    """
    message = next((part for part in parts if "decision_type" in part), None)
    if message is None:
        return None
    match message["decision_type"]:
        case "approve":
            answers = tuple(message.get("ask_user_answers") or ())
            decision = Decision(approved=True, answers=answers, message=message)
            return dict.fromkeys((call.id for call in pending), decision)
        case "reject":
            reason = str(message.get("rejection_reason") or "")
            decision = Decision(approved=False, reason=reason, message=message)
            return dict.fromkeys((call.id for call in pending), decision)
        case "batch":
            return _batch(message, pending)
        case other:
            raise DecisionError(f"decision_type is {other!r}; expected approve, reject or batch.")


def _batch(message: Mapping[str, Any], pending: Sequence[PendingCall]) -> dict[str, Decision]:
    words = message.get("decisions") or {}
    reasons = message.get("rejection_reasons") or {}
    answers = message.get("ask_user_answers") or ()
    result = {}
    for call in pending:
        if words.get(call.id) not in ("approve", "reject"):
            raise DecisionError(f"The batch says neither approve nor reject for call {call.id}.")
        single: dict[str, Any] = {"decision_type": words[call.id]}
        if reason := str(reasons.get(call.id) or ""):
            single["rejection_reason"] = reason
        if answers:
            single["ask_user_answers"] = answers
        result[call.id] = Decision(
            approved=words[call.id] == "approve",
            reason=reason,
            answers=tuple(answers),
            message=single,
        )
    return result


def results(past: Past, turn: Turn) -> DeferredToolResults | None:
    """What the calls that waited get: the person's decision, or that there was none."""
    if not past.pending:
        return None
    outcome = DeferredToolResults()
    for call in past.pending:
        decision = (turn.decisions or {}).get(call.id)
        if decision is None:
            outcome.approvals[call.id] = ToolDenied(_OVERTAKEN)
        elif call.payload:
            # The colleague waits for the decision itself, be it yes or no.
            outcome.approvals[call.id] = ToolApproved()
            outcome.metadata[call.id] = _passed_down(call.payload, decision)
        elif decision.approved:
            outcome.approvals[call.id] = ToolApproved()
            outcome.metadata[call.id] = {"answers": list(decision.answers)}
        else:
            outcome.approvals[call.id] = ToolDenied(_refusal(decision))
    return outcome


def _passed_down(payload: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
    """What a call to a waiting colleague needs to hand over a person's decision."""
    return {
        "task_id": payload["task_id"],
        "context_id": payload["context_id"],
        "decision": decision.message,
    }


def _refusal(decision: Decision) -> str:
    return f"{REJECTED} Reason: {decision.reason}" if decision.reason else REJECTED


def decided(pending: Sequence[PendingCall], turn: Turn) -> list[dict[str, Any]]:
    """Who decided what and when, for the record; empty when the turn decides nothing."""
    if turn.decisions is None:
        return []
    at = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
    names = {call.id: call.name for call in pending}
    return [
        {
            "callId": call_id,
            "tool": names.get(call_id, ""),
            "decision": "approve" if decision.approved else "reject",
            "reason": decision.reason,
            "by": turn.decided_by,
            "at": at,
        }
        for call_id, decision in turn.decisions.items()
    ]


def expired(limit_s: float) -> dict[str, Any]:
    """The decision about what nobody decided in time."""
    return {
        "decision_type": "reject",
        "rejection_reason": f"Nobody decided within {_spoken(limit_s)}.",
    }


def _spoken(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def as_json(pending: Sequence[PendingCall]) -> list[dict[str, Any]]:
    """Calls that wait, as they are kept with the conversation."""
    return [asdict(call) for call in pending]

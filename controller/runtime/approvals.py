"""Human approval in kagent's message form: a question as data part, a decision as data part.

The form is kagent-adk's (0.10): its dashboard and clients, and other agents, understand it. The
question stands in the status message of a task that is `input-required`; the answer is a message to
the same task with one data part that has a `decision_type`.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from controller.runtime.turns import Decision, PendingCall

CONFIRMATION = "adk_request_confirmation"
QUESTION_METADATA = {"kagent_type": "function_call", "kagent_is_long_running": True}


class DecisionError(ValueError):
    """The message to a waiting task is no decision; says what one looks like."""


def question(call: PendingCall) -> dict[str, Any]:
    """The data part that asks a person about a tool call."""
    confirmation: dict[str, Any] = {
        "hint": f"Tool '{call.name}' requires approval before execution.",
        "confirmed": False,
    }
    if call.payload:
        confirmation["payload"] = dict(call.payload)
    original = {"id": call.id, "name": call.name, "args": dict(call.arguments)}
    return {
        "id": f"adk-{uuid.uuid4()}",
        "name": CONFIRMATION,
        "args": {"originalFunctionCall": original, "toolConfirmation": confirmation},
    }


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
            return {call.id: Decision(approved=True, message=message) for call in pending}
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
    result = {}
    for call in pending:
        if words.get(call.id) not in ("approve", "reject"):
            raise DecisionError(f"The batch says neither approve nor reject for call {call.id}.")
        single: dict[str, Any] = {"decision_type": words[call.id]}
        if reason := str(reasons.get(call.id) or ""):
            single["rejection_reason"] = reason
        approved = words[call.id] == "approve"
        result[call.id] = Decision(approved=approved, reason=reason, message=single)
    return result

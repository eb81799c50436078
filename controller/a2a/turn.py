"""What an agent does in one turn, read event by event out of an A2A 0.3 stream. Pure."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

_WAITING = "input-required"
_ENDED = frozenset({"completed", "failed", "canceled", "rejected", _WAITING, "auth-required"})
_CALL = "function_call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a tool, or of another agent."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one event says that is new."""

    text: str = ""
    """More of the answer."""
    called: tuple[Call, ...] = ()
    """Tools that the agent calls now."""


@dataclass(slots=True)
class Turn:
    """A turn as far as it is known. Fed with the results of a stream, or with one whole task."""

    task_id: str = ""
    context_id: str = ""
    state: str = ""
    """Of the task; `completed` also where the agent answers with a bare message."""
    waiting_for: tuple[Call, ...] = ()
    """Calls that wait for a person's approval."""
    _texts: dict[str, str] = field(default_factory=dict)
    _said: str = ""
    """Text of the last message, which is the answer where there are no artifacts."""

    @property
    def text(self) -> str:
        """The answer."""
        return "\n".join(text for text in self._texts.values() if text) or self._said

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes before somebody says something."""
        return self.state in _ENDED

    @property
    def is_waiting(self) -> bool:
        """Whether a person has to decide something."""
        return self.state == _WAITING and bool(self.waiting_for)

    def feed(self, result: Mapping[str, Any]) -> Step:
        """Take the `result` of one answer, and give what is new in it."""
        self.context_id = str(result.get("contextId") or self.context_id)
        match result.get("kind"):
            case "message":
                self.state, self._said = "completed", _text(result.get("parts"))
                return Step(text=self._said)
            case "artifact-update":
                artifact = result.get("artifact") or {}
                return Step(text=self._extend(artifact, append=bool(result.get("append"))))
            case "status-update":
                self.task_id = str(result.get("taskId") or self.task_id)
                return self._status(result.get("status") or {})
            case _:
                return self._task(result)

    def _task(self, task: Mapping[str, Any]) -> Step:
        self.task_id = str(task.get("id") or self.task_id)
        told = [self._extend(artifact, append=False) for artifact in task.get("artifacts") or ()]
        step = self._status(task.get("status") or {})
        return Step(text="".join(told) or step.text, called=step.called)

    def _status(self, status: Mapping[str, Any]) -> Step:
        self.state = str(status.get("state") or self.state)
        parts = (status.get("message") or {}).get("parts") or []
        self.waiting_for = tuple(_confirmations(parts)) if self.state == _WAITING else ()
        called = () if self.state == _WAITING else tuple(_calls(parts))
        if not self.has_ended:
            return Step(called=called)
        self._said = _text(parts)
        return Step(text="" if any(self._texts.values()) else self._said, called=called)

    def _extend(self, artifact: Mapping[str, Any], *, append: bool) -> str:
        """Take more of an artifact, and give what is new; a whole one may repeat its pieces."""
        key, text = str(artifact.get("artifactId", "")), _text(artifact.get("parts"))
        before = self._texts.get(key, "")
        self._texts[key] = before + text if append else text
        if append or not before:
            return text
        return text.removeprefix(before) if text.startswith(before) else ""


def said(parts: list[dict[str, Any]], *, context_id: str = "", task_id: str = "") -> dict[str, Any]:
    """Give the parameters of `message/send` and `message/stream`."""
    place = {"contextId": context_id, "taskId": task_id}
    return {
        "message": {
            "kind": "message",
            "role": "user",
            "messageId": uuid.uuid4().hex,
            "parts": parts,
            **{name: value for name, value in place.items() if value},
        }
    }


def text_part(text: str) -> dict[str, Any]:
    """Give the part of a message that is text."""
    return {"kind": "text", "text": text}


def decision_part(
    decisions: Mapping[str, bool], reasons: Mapping[str, str], answers: Sequence[str] = ()
) -> dict[str, Any]:
    """Give the part that answers approvals, in kagent's form.

    Args:
        decisions: by id of the call: whether it is allowed.
        reasons: by id of the call: why not.
        answers: to the questions of an `ask_user`, in their order.
    """
    words = {id_: "approve" if allowed else "reject" for id_, allowed in decisions.items()}
    data: dict[str, Any] = {
        "decision_type": "batch", "decisions": words, "rejection_reasons": dict(reasons)
    }  # fmt: skip
    if answers:
        data["ask_user_answers"] = [{"answer": [answer]} for answer in answers]
    return {"kind": "data", "data": data}


def _text(parts: Any) -> str:
    return "".join(str(part.get("text", "")) for part in parts or () if part.get("kind") == "text")


def _calls(parts: list[dict[str, Any]]) -> Iterator[Call]:
    for part in parts:
        data = part.get("data") or {}
        if (part.get("metadata") or {}).get("kagent_type") == _CALL and "name" in data:
            yield _call(data)


def _confirmations(parts: list[dict[str, Any]]) -> Iterator[Call]:
    """Give the calls that wait; one of a colleague under the id of the call that reached it."""
    for part in parts:
        arguments = (part.get("data") or {}).get("args") or {}
        original = arguments.get("originalFunctionCall")
        if not isinstance(original, dict):
            continue
        payload = (arguments.get("toolConfirmation") or {}).get("payload") or {}
        inner = list(_confirmations(payload.get("hitl_parts") or []))
        if not inner:
            yield _call(original)
        for call in inner:
            name = f"{payload.get('subagent_name') or original.get('name')}: {call.name}"
            yield replace(call, id=str(original.get("id", "")), name=name)


def _call(data: Mapping[str, Any]) -> Call:
    return Call(
        id=str(data.get("id", "")),
        name=str(data.get("name", "")),
        arguments=data.get("args") or {},
    )

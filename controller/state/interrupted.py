"""Tasks that nobody works on any more: their process died, and could not say so itself.

An agent's process signs what it stores of a task that it works on, so that it is known which
process has to be alive for a task to end. What waits for a person waits on, whoever asked.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WORKING = frozenset({"submitted", "working"})
"""States of a task that only a living process can change."""
REASON = "roster_interrupted"
"""Key of a task's metadata: why it was ended from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of an agent."""

    pod: str
    start: str
    """Tells it from those that ran in the pod before and after."""

    @classmethod
    def parse(cls, text: str) -> "Process | None":
        """Read `pod/start`; None where it is none."""
        pod, _, start = text.partition("/")
        is_name = 0 < len(pod) <= 253 and 0 < len(start) <= 64
        return cls(pod=pod, start=start) if is_name else None

    def __str__(self) -> str:
        return f"{self.pod}/{self.start}"


def is_working(task: Mapping[str, Any]) -> bool:
    """Whether a task in A2A's form needs a process to go on."""
    status = task.get("status")
    return isinstance(status, Mapping) and status.get("state") in WORKING


def ended(task: Mapping[str, Any], *, reason: str, at: str) -> dict[str, Any]:
    """Give a task (A2A 0.3) as one that failed.

    Args:
        task: as it was stored last.
        reason: what happened to its process, as a sentence.
        at: now, in ISO 8601.
    """
    text = (
        f"{reason} What it had done until then is kept in the conversation."
        " Send the message again to go on."
    )
    message = {
        "kind": "message",
        "role": "agent",
        "messageId": str(uuid.uuid4()),
        "taskId": task.get("id"),
        "contextId": task.get("contextId"),
        "parts": [{"kind": "text", "text": text}],
    }
    return {
        **task,
        "status": {"state": "failed", "timestamp": at, "message": message},
        "metadata": {**(task.get("metadata") or {}), REASON: reason},
    }

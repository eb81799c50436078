"""Keeps what is said in a turn, step by step, and tells how the turn ended."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_ai import DeferredToolRequests
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.run import AgentRun

from controller.runtime import approvals
from controller.runtime.sessions import Conversation, Sessions
from controller.runtime.turns import (
    ApprovalAsked,
    Finished,
    PendingCall,
    Tokens,
    Turn,
    Usage,
)

Run = AgentRun[Turn, str | DeferredToolRequests]


class Record:
    """What one turn adds to its conversation; whoever makes one holds the conversation's lock."""

    def __init__(
        self, sessions: Sessions, conversation: Conversation, turn: Turn, run: Run
    ) -> None:
        self._sessions, self._conversation = sessions, conversation
        self._turn, self._run = turn, run
        self._kept = 0
        self._decided = approvals.decided(conversation.past.pending, turn)
        sessions.wait_for(conversation, ())

    def step(self, **extra: Any) -> None:
        """Keep what is new since the last step: an answer of the model and what led to it."""
        messages = self._run.new_messages()
        new, self._kept = messages[self._kept :], len(messages)
        if new and self._decided:
            extra["decisions"], self._decided = self._decided, []
        self._sessions.keep(self._conversation, self._turn, new, **extra)

    def end(self) -> None:
        """Keep the rest, however the turn ended; calls that nobody answered are closed."""
        pending = self._pending()
        self.step(**({"pending": approvals.as_json(pending)} if pending else {}))
        if pending:
            self._sessions.wait_for(self._conversation, pending)
        else:
            self._sessions.close_calls(self._conversation)

    def outcome(self) -> Finished | ApprovalAsked:
        """The last event of a turn that ended well."""
        usage = usage_of(self._run.new_messages())
        if pending := self._pending():
            return ApprovalAsked(calls=pending, usage=usage)
        return Finished(usage=usage)

    def _pending(self) -> tuple[PendingCall, ...]:
        output = self._run.result.output if self._run.result else None
        if not isinstance(output, DeferredToolRequests):
            return ()
        return tuple(
            PendingCall(
                id=call.tool_call_id,
                name=call.tool_name,
                arguments=call.args_as_dict(),
                payload=output.metadata.get(call.tool_call_id, {}),
            )
            for call in output.approvals
        )


def usage_of(messages: Sequence[ModelMessage]) -> Usage:
    """The tokens that a turn's new messages took."""
    return Usage(by_model=_summed(m for m in messages if isinstance(m, ModelResponse)))


def _summed(responses: Iterable[ModelResponse]) -> dict[str, Tokens]:
    by_model: dict[str, Tokens] = {}
    for response in responses:
        name = response.model_name or "unknown"
        used = Tokens(
            input=response.usage.input_tokens, output=response.usage.output_tokens, requests=1
        )
        by_model[name] = by_model.get(name, Tokens()) + used
    return by_model

"""Keeps what is said in a turn, step by step, and tells how the turn ended."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai import DeferredToolRequests
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.run import AgentRun

from controller.runtime import approvals
from controller.runtime.limits import Limits
from controller.runtime.sessions import Conversation, Sessions
from controller.runtime.turns import (
    ApprovalAsked,
    Finished,
    LimitReachedError,
    PendingCall,
    Tokens,
    Turn,
    Usage,
)

Run = AgentRun[Turn, str | DeferredToolRequests]


class Record:
    """What one turn adds to its conversation; whoever makes one holds the conversation's lock."""

    def __init__(
        self,
        sessions: Sessions,
        conversation: Conversation,
        turn: Turn,
        run: Run,
        *,
        before: Sequence[ModelMessage] = (),
    ) -> None:
        """Begin; `before` are answers that were needed for the turn and are no part of it."""
        self._sessions, self._conversation = sessions, conversation
        self._turn, self._run, self._before = turn, run, before
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
        usage = self.usage()
        if pending := self._pending():
            return ApprovalAsked(calls=pending, usage=usage)
        return Finished(usage=usage)

    def usage(self) -> Usage:
        """The tokens so far."""
        return usage_of([*self._before, *self._run.new_messages()])

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


@asynccontextmanager
async def limited(limits: Limits, record: Record) -> AsyncIterator[None]:
    """End the block when the turn has taken all that it may take.

    Raises:
        LimitReachedError: says which limit it was and how to change it.
    """
    try:
        async with asyncio.timeout(limits.turn_s) as clock:
            yield
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise _reached("seconds", limits.turn_s, record) from error
    except UsageLimitExceeded as error:
        is_steps = "request_limit" in str(error)
        reached = ("steps", limits.steps) if is_steps else ("tokens", limits.tokens)
        raise _reached(*reached, record) from error


def _reached(limit: str, number: float | None, record: Record) -> LimitReachedError:
    return LimitReachedError(
        f"The turn was ended: it reached its limit of {number:g} {limit}.",
        remedy=f"Ask for less at once, or raise ROSTER_TURN_{limit.upper()}.",
        limit=limit,
        usage=record.usage(),
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

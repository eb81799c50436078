"""The time limit of questions to people: what nobody decides in time counts as rejected.

The turn then goes on, so that the model can say what it could not do. A question outlives the
process, its clock does not: after a restart, a decision that comes too late is the rejection.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from controller.runtime import approvals
from controller.runtime.sessions import Past
from controller.runtime.turns import Turn

Reject = Callable[[Turn], Awaitable[object]]


class Deadlines:
    """The clocks of one agent."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._reject: Reject | None = None
        self._clocks: dict[str, asyncio.TimerHandle] = {}
        self._rejections: set[asyncio.Task[None]] = set()

    def when_over(self, reject: Reject) -> None:
        """Set what is done about a task whose time is over."""
        self._reject = reject

    def start(self, turn: Turn) -> None:
        """Start the clock of a turn's task."""
        self.stop(turn.task_id)
        loop = asyncio.get_running_loop()
        self._clocks[turn.task_id] = loop.call_later(self._limit_s, self._over, turn)

    def stop(self, task_id: str) -> None:
        """Stop the clock of a task that somebody answered."""
        if clock := self._clocks.pop(task_id, None):
            clock.cancel()

    def decision(self) -> dict[str, object]:
        """What is said in the place of the person."""
        return approvals.expired(self._limit_s)

    def applied(self, turn: Turn, past: Past) -> Turn:
        """The turn as it is, or the rejection if its decision comes too late."""
        if not past.pending or time.time() < past.pending_since + self._limit_s:
            return turn
        decisions = approvals.decisions([self.decision()], past.pending)
        return replace(turn, decisions=decisions, decided_by=approvals.NOBODY)

    async def close(self) -> None:
        """Stop all clocks."""
        for task_id in list(self._clocks):
            self.stop(task_id)
        for rejection in list(self._rejections):
            rejection.cancel()

    def _over(self, turn: Turn) -> None:
        self._clocks.pop(turn.task_id, None)
        if self._reject is None:
            return
        rejection = asyncio.ensure_future(self._rejected(self._reject, turn))
        self._rejections.add(rejection)
        rejection.add_done_callback(self._rejections.discard)

    @staticmethod
    async def _rejected(reject: Reject, turn: Turn) -> None:
        await reject(turn)

"""Carries out a plan: intent first, wave by wave, prune last, a result for every object.

What fails, fails for its component and for those that depend on it; the others go on. Everything
can be cut off at any point and started again: applying twice is applying once, and the inventory
names every object before it exists.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.health import assess as health
from controller.objects import ObjectKey
from controller.plan.steps import Plan
from controller.state.records import ObjectResult
from controller.sync import prune
from controller.sync.gate import Gate, Stopped, StoppedError
from controller.sync.results import PRUNE_SKIPPED, result
from controller.sync.wave import Wave
from controller.sync.writer import Writer


class Executor:
    """Carries out plans on one cluster. Keeps nothing between two of them."""

    def __init__(
        self,
        client: Client,
        live: LiveState,
        *,
        health_timeout_s: float = 300,
        concurrency: int = 8,
        assess: health.Assess = health.assess,
    ) -> None:
        self._client = client
        self._live = live
        self._health_timeout_s = health_timeout_s
        self._concurrency = concurrency
        self._assess = assess

    def execute(
        self,
        plan: Plan,
        *,
        record_intent: Callable[[AbstractSet[ObjectKey]], None],
        stopped: Stopped,
        waiting: Callable[[], None] = lambda: None,
    ) -> tuple[ObjectResult, ...]:
        """Write what the plan says and give what became of each object.

        Unchanged objects have no result. Inside a wave a component is written as soon as what it
        depends on is healthy; the next wave starts when this one is healthy.

        Args:
            plan: made from the state of a moment ago.
            record_intent: called before the first write with every object that may be written;
                they have to be in the inventory when it returns.
            stopped: asked before each write and while waiting; a reason ends the operation, and
                what is left gets it as its result. What runs is not cut off.
            waiting: called again and again while something is waited for: a long operation can
                then be looked at.
        """
        steps = tuple(chain.from_iterable(plan.waves))
        if steps:
            record_intent(frozenset(step.key for step in steps))
        gate = Gate(
            self._live,
            timeout_s=self._health_timeout_s,
            stopped=stopped,
            waiting=waiting,
            assess=self._assess,
        )
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="apply") as pool:
            writer = Writer(plan, self._client, self._live, pool, gate)
            reason = ""
            for _, wave in groupby(steps, key=lambda step: step.wave):
                reason = _carry_out(Wave(tuple(wave), plan, writer, gate), reason)
            deleted = tuple(self._prune(plan, reason, stopped, pool))
        kept = (result(step, PRUNE_SKIPPED, step.reason) for step in plan.kept)
        return (*writer.results, *deleted, *kept)

    def _prune(
        self,
        plan: Plan,
        reason: str,
        stopped: Stopped,
        pool: ThreadPoolExecutor,
    ) -> Iterator[ObjectResult]:
        """Delete kind by kind: one kind may be what keeps another from being deleted."""
        for _, group in groupby(plan.prunes, key=lambda step: (step.wave, step.key.kind)):
            reason = reason or stopped()
            if reason:
                yield from (result(step, PRUNE_SKIPPED, reason) for step in group)
            else:
                yield from pool.map(
                    lambda step: prune.delete(step, plan, self._client, self._live), group
                )


def _carry_out(wave: Wave, reason: str) -> str:
    """Give why nothing more may be written after this wave, or nothing."""
    try:
        return wave.refuse(reason) if reason else wave.run()
    except StoppedError as error:
        return wave.refuse(str(error))

"""Carries out a plan: intent first, wave by wave, then prune, a result for every object.

What fails, fails for its component and for those that depend on it; the others go on. Everything
can be cut off at any point and started again: applying twice is applying once, and the inventory
names every object before it exists.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby

from controller import tracing
from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions.hooks import Phase
from controller.health import assess as health
from controller.objects import ObjectKey
from controller.plan.steps import Plan, Step
from controller.state.records import ObjectResult
from controller.sync import gate as gates
from controller.sync import preflight, prune, rehearsal
from controller.sync.gate import Gate, Stopped, StoppedError
from controller.sync.hooks import Hooks, failed
from controller.sync.results import FAILED, PRUNE_SKIPPED, result
from controller.sync.wave import Wave, lower_waves
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
        terminated: Callable[[], bool] = lambda: False,
    ) -> tuple[ObjectResult, ...]:
        """Write what the plan says and give what became of each object.

        Unchanged objects have no result. Inside a wave a component is written as soon as what it
        depends on is healthy; the next wave starts when this one is healthy.

        Args:
            plan: made from the state of a moment ago.
            record_intent: called before the first write with every object that may be written;
                they have to be in the inventory when it returns.
            stopped: asked before each write and while waiting; a reason ends the operation, and
                what is left gets it as its result. What runs is not cut off, but for hooks of a
                terminated operation.
            waiting: called again and again while something is waited for: a long operation can
                then be looked at.
            terminated: whether the reason to stop is a person's wish.
        """
        gate = Gate(
            self._live,
            timeout_s=self._health_timeout_s,
            stopped=stopped,
            waiting=waiting,
            assess=self._assess,
        )
        hooks = Hooks(
            plan,
            self._client,
            self._live,
            gate,
            started_s=int(time.time()),
            terminated=terminated,
        )
        intent = hooks.keys | {step.key for wave in plan.waves for step in wave}
        if intent:
            record_intent(intent)
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="apply") as pool:
            writer = Writer(plan, self._client, self._live, pool, gate)
            writer.failed |= dict(preflight.failures(plan, self._client, pool))
            reason = hooks.run(Phase.PRE_SYNC)
            reason = _sync(plan, writer, gate, hooks, reason)
            first = [step for step in plan.prunes if not step.options.prune_last]
            last = [step for step in plan.prunes if step.options.prune_last]
            deleted = list(self._prune(first, plan, reason, gate, pool))
            if last:
                reason_to_keep = reason or _held_back(writer) or _unhealthy(plan, gate)
                deleted += self._prune(last, plan, reason_to_keep, gate, pool)
        _conclude(plan, writer, gate, hooks, reason)
        kept = (result(step, PRUNE_SKIPPED, step.reason) for step in plan.kept)
        return (*hooks.results, *writer.results, *deleted, *kept)

    def rehearse(self, plan: Plan) -> tuple[ObjectResult, ...]:
        """Give what would become of each object, and write nothing."""
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="try") as pool:
            return tuple(rehearsal.results(plan, self._client, pool))

    def _prune(
        self,
        steps: Iterable[Step],
        plan: Plan,
        reason: str,
        gate: Gate,
        pool: ThreadPoolExecutor,
    ) -> Iterator[ObjectResult]:
        """Delete kind by kind: one kind may be what keeps another from being deleted."""
        for _, group in groupby(steps, key=lambda step: (step.wave, step.key.kind)):
            reason = reason or gate.reason()
            if reason:
                yield from (result(step, PRUNE_SKIPPED, reason) for step in group)
            else:
                yield from pool.map(
                    lambda step: prune.delete(step, plan, self._client, self._live), group
                )


def _sync(plan: Plan, writer: Writer, gate: Gate, hooks: Hooks, reason: str) -> str:
    """Carry out the waves, each with the hooks that run in it; give why it ended early."""
    steps = {
        number: tuple(wave)
        for number, wave in groupby(chain.from_iterable(plan.waves), key=lambda step: step.wave)
    }
    for number in sorted({*steps, *hooks.waves(Phase.SYNC)}):
        if number in steps:
            reason = _carry_out(Wave(steps[number], plan, writer, gate), reason)
        if not reason and number in hooks.waves(Phase.SYNC):
            reason = _before(number, plan, writer, gate) or hooks.run_wave(Phase.SYNC, number)
    return reason


def _before(number: int, plan: Plan, writer: Writer, gate: Gate) -> str:
    """Wait for the waves before a hook's; give why it cannot run."""
    try:
        return lower_waves(number, plan, writer, gate)
    except StoppedError as error:
        return str(error)


def _carry_out(wave: Wave, reason: str) -> str:
    """Give why nothing more may be written after this wave, or nothing."""
    try:
        if reason:
            return wave.refuse(reason)
        with tracing.span("apply_wave", wave=wave.number):
            return wave.run()
    except StoppedError as error:
        return wave.refuse(str(error))


def _conclude(plan: Plan, writer: Writer, gate: Gate, hooks: Hooks, reason: str) -> None:
    """Run the hooks that come after everything: those of success, or those of failure."""
    if not reason and hooks.waves(Phase.POST_SYNC):
        reason = _held_back(writer)
        if not reason and (unwell := _unhealthy(plan, gate)):
            hooks.skip(Phase.POST_SYNC, unwell, status=FAILED)
        reason = reason or hooks.run(Phase.POST_SYNC)
    for phase in (Phase.PRE_SYNC, Phase.SYNC, Phase.POST_SYNC):
        hooks.skip(phase, reason)
    if failed((*writer.results, *hooks.results)) and not gate.reason():
        hooks.run(Phase.SYNC_FAIL)


def _held_back(writer: Writer) -> str:
    """Give why not everything is written."""
    for component, why in writer.failed.items():
        return f"{component} is not synced: {why}"
    return ""


def _unhealthy(plan: Plan, gate: Gate) -> str:
    """Wait until everything is healthy; give why it is not."""
    steps = (*chain.from_iterable(plan.waves), *plan.unchanged)
    try:
        unwell = gate.wait(step.key for step in steps)
    except StoppedError as error:
        return str(error)
    return f"NotHealthy: {gates.told(unwell)}" if unwell else ""

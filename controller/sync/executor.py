"""Carries out a plan: intent first, wave by wave, prune last, a result for every object.

What fails, fails for its component and for those that depend on it; the others go on. Everything
can be cut off at any point and started again: applying twice is applying once, and the inventory
names every object before it exists.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions.findings import DefinitionId
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.objects.metadata import REVISION, with_metadata
from controller.plan import order
from controller.plan.steps import Action, Plan, Step
from controller.state.records import ObjectResult
from controller.sync import prune
from controller.sync.gate import Gate, SupersededError
from controller.sync.results import FAILED, PRUNE_SKIPPED, SYNCED, result

_SUPERSEDED = "Superseded: a newer revision takes over."


class Executor:
    """Carries out plans on one cluster."""

    def __init__(
        self,
        client: Client,
        live: LiveState,
        *,
        health_timeout_s: float = 300,
        concurrency: int = 8,
    ) -> None:
        self._client = client
        self._live = live
        self._health_timeout_s = health_timeout_s
        self._concurrency = concurrency

    def execute(
        self,
        plan: Plan,
        *,
        record_intent: Callable[[AbstractSet[ObjectKey]], None],
        superseded: Callable[[], bool],
    ) -> tuple[ObjectResult, ...]:
        """Write what the plan says and give what became of each object.

        Unchanged objects have no result.

        Args:
            plan: made from the state of a moment ago.
            record_intent: called before the first write with every object that may be written;
                they have to be in the inventory when it returns.
            superseded: asked between waves and while waiting; True ends the operation, what is
                left gets a result that says so.
        """
        record_intent(frozenset(step.key for wave in plan.waves for step in wave))
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="apply") as pool:
            run = _Run(plan, self._client, self._live, pool)
            gate = Gate(self._live, timeout_s=self._health_timeout_s, superseded=superseded)
            for index, wave in enumerate(plan.waves):
                try:
                    run.check(gate, wave, is_first=index == 0)
                except SupersededError:
                    run.supersede()
                if superseded():
                    run.supersede()
                run.write(wave)
            run.prune()
        return tuple(run.results)


@dataclass
class _Run:
    """One carrying-out: what failed so far, and why nothing may be written any more."""

    plan: Plan
    client: Client
    live: LiveState
    pool: ThreadPoolExecutor
    results: list[ObjectResult] = field(default_factory=list)
    failed: dict[DefinitionId, str] = field(default_factory=dict)
    stopped: str = ""
    written: list[Step] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def supersede(self) -> None:
        """Write nothing more."""
        self.stopped = self.stopped or _SUPERSEDED

    def check(self, gate: Gate, wave: Sequence[Step], *, is_first: bool) -> None:
        """Wait for the health of what the wave builds on, and note what it may not build on."""
        if self.stopped:
            return
        number = wave[0].wave
        lower = [step for step in self.written if step.wave < number]
        if lower and (unwell := gate.wait(step.key for step in lower)):
            told = "; ".join(f"{key}: {one.message}" for key, one in unwell.items())
            self.stopped = f"WaveNotHealthy: an earlier wave is not healthy: {told}"
        elif self._failed_below(number):
            self.stopped = "WaveFailed: an object of an earlier wave could not be applied."
        if not is_first or self.plan.depends_on:
            self._check_dependencies(gate, wave)

    def write(self, wave: Sequence[Step]) -> None:
        """Apply a wave: kinds one after the other, the objects of a kind side by side."""
        for _, group in groupby(wave, key=lambda step: order.rank(step.key.kind)):
            self.results.extend(self.pool.map(self._apply, group))

    def prune(self) -> None:
        """Delete last, in the plan's order."""
        for step in self.plan.prunes:
            if self.stopped:
                self.results.append(result(step, PRUNE_SKIPPED, self.stopped))
            else:
                self.results.append(prune.delete(step, self.plan, self.client, self.live))
        for step in self.plan.kept:
            self.results.append(result(step, PRUNE_SKIPPED, step.reason))

    def _apply(self, step: Step) -> ObjectResult:
        problem = self.stopped or self._problem(step.component)
        if problem or step.manifest is None:
            return self._fail(step, problem)
        stamped = with_metadata(
            step.manifest, labels={}, annotations={REVISION: self.plan.revision}
        )
        try:
            applied = self.client.apply(stamped)
        except RosterError as error:
            return self._fail(step, str(error))
        self.live.observed(applied)
        with self.lock:
            self.written.append(step)
        return result(step, SYNCED, "created" if step.action is Action.CREATE else "configured")

    def _fail(self, step: Step, message: str) -> ObjectResult:
        if step.component is not None:
            with self.lock:
                self.failed.setdefault(step.component, f"{step.key}: {message}")
        return result(step, FAILED, message)

    def _problem(self, component: DefinitionId | None) -> str:
        """Give why nothing of a component may be written now, or nothing."""
        if component is None:
            return ""
        with self.lock:
            if component in self.failed:
                return f"ComponentFailed: {self.failed[component]}"
            for needed in sorted(self.plan.depends_on.get(component, ())):
                if needed in self.failed:
                    return f"DependencyNotReady: {needed} failed: {self.failed[needed]}"
        return ""

    def _failed_below(self, number: int) -> bool:
        lower = {step.component for wave in self.plan.waves for step in wave if step.wave < number}
        return bool(lower & self.failed.keys())

    def _check_dependencies(self, gate: Gate, wave: Iterable[Step]) -> None:
        """Wait for the components that the wave's components refer to."""
        needed = {
            other
            for step in wave
            if step.component is not None
            for other in self.plan.depends_on.get(step.component, ())
        }
        by_key = {
            step.key: step.component
            for step in [*self.plan.unchanged, *self.written]
            if step.component in needed
        }
        for key, unwell in gate.wait(by_key).items():
            component = by_key[key]
            if component is not None:
                self.failed.setdefault(component, f"{key} is {unwell.status}: {unwell.message}")

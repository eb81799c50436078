"""Applies objects, many at a time, and remembers which components failed and why."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions.findings import DefinitionId
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.objects.metadata import REVISION, with_metadata
from controller.plan import order
from controller.plan.steps import Plan, Step
from controller.state.records import ObjectResult
from controller.sync import write
from controller.sync.gate import Gate
from controller.sync.results import FAILED, SYNCED, result


class Writer:
    """The writes of one operation."""

    def __init__(
        self,
        plan: Plan,
        client: Client,
        live: LiveState,
        pool: ThreadPoolExecutor,
        gate: Gate,
    ) -> None:
        self.results: list[ObjectResult] = []
        self.keys: dict[DefinitionId, list[ObjectKey]] = {}
        """What each component has in the cluster: unchanged, or written by now."""
        self.failed: dict[DefinitionId, str] = dict(plan.blocked)
        """Components that may not be built on, each with the reason."""
        self._revision = plan.revision
        self._client = client
        self._live = live
        self._pool = pool
        self._gate = gate
        self._lock = threading.Lock()
        for step in plan.unchanged:
            self._note(step)

    def write(self, steps: Iterable[Step]) -> None:
        """Apply objects: kinds one after the other, the objects of a kind side by side."""
        in_order = sorted(steps, key=lambda step: order.by_place(step.key))
        for _, group in groupby(in_order, key=lambda step: order.rank(step.key.kind)):
            self.results.extend(self._pool.map(self._apply, group))

    def refuse(self, steps: Iterable[Step], reason: str) -> None:
        """Give objects a result without writing them."""
        for step in steps:
            self.results.append(self._failure(step, reason))

    def _apply(self, step: Step) -> ObjectResult:
        with self._lock:
            problem = self.failed.get(step.component) if step.component else None
        if problem:
            return result(step, FAILED, f"ComponentFailed: {problem}")
        if reason := self._gate.reason():
            return self._failure(step, reason)
        manifest = with_metadata(
            step.manifest or {}, labels={}, annotations={REVISION: self._revision}
        )
        try:
            applied, done = write.write(step, manifest, self._client, self._live, self._gate)
        except RosterError as error:
            return self._failure(step, str(error))
        self._live.observed(applied)
        with self._lock:
            self._note(step)
        return result(step, SYNCED, done)

    def _failure(self, step: Step, message: str) -> ObjectResult:
        if step.component is not None:
            with self._lock:
                self.failed.setdefault(step.component, f"{step.key}: {message}")
        return result(step, FAILED, message)

    def _note(self, step: Step) -> None:
        if step.component is not None:
            self.keys.setdefault(step.component, []).append(step.key)

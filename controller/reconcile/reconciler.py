"""The story of one reconcile, from a key in the queue to a stored status. Read this file first.

A visit never asks what happened: it looks at everything again (git, cluster, database) and does
what is missing. Two visits do the same as one.
"""

import random
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from controller.cluster.client import Client
from controller.cluster.events import Event
from controller.cluster.live import LiveState
from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding
from controller.errors import PermanentError, RosterError, TransientError
from controller.health import assess
from controller.plan.steps import Plan
from controller.reconcile import (
    corrections,
    decision,
    hookruns,
    measures,
    operations,
    retries,
    schedule,
    status,
)
from controller.reconcile.conductor import Conductor
from controller.reconcile.decision import Circumstances, Decision
from controller.reconcile.observer import Observer
from controller.reconcile.planner import Planner
from controller.reconcile.revisions import Revision, Revisions
from controller.reconcile.workqueue import Trigger
from controller.state.records import (
    ApplicationRecord,
    ObjectResult,
    OperationPhase,
    SyncRequest,
)
from controller.state.store import Store
from controller.sync.executor import Executor
from controller.sync.jqpaths import PathFinder
from controller.sync.memory import Memory
from controller.sync.results import SYNCED

LOOKS_AT_GIT = frozenset({Trigger.POLL, Trigger.WEBHOOK, Trigger.MANUAL, Trigger.STARTUP})
"""Triggers after which the repository may have something new; the others are about the cluster."""
SOMEBODY_WAITS = frozenset({Trigger.WEBHOOK, Trigger.MANUAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Brings applications to the state that git asks for, one visit at a time."""

    store: Store
    revisions: Revisions
    client: Client
    live: LiveState
    executor: Executor
    now: Callable[[], datetime]
    pending: Callable[[str], AbstractSet[Trigger]] = lambda _name: frozenset()
    """What asks for the next visit of an application while this one runs."""
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
    stopping: Callable[[], bool] = lambda: False
    """Whether Roster stops: what runs then ends after the write that is under way."""
    observed: Callable[[str, Catalog], tuple[Finding, ...]] = lambda _name, _catalog: ()
    """Findings about a revision that come from what was seen beside git and the cluster."""
    judge: assess.Assess = assess.assess
    """Tells how an object is doing."""
    tell: Callable[[Event], None] = lambda _event: None
    """Takes Kubernetes Events; returns at once."""
    memory: Memory = field(default_factory=Memory)
    """Answers of comparisons, which inspection reads too."""
    find_paths: PathFinder = field(default_factory=PathFinder)
    _visited: set[str] = field(default_factory=set)

    def request(self, name: str, request: SyncRequest) -> ApplicationRecord:
        """Keep what a person asked for until it is carried out; the caller queues the visit.

        Returns:
            The record with the request, which has its number there.
        """
        return self.store.update(name, lambda record: operations.accept(record, request))

    def visit(self, name: str, triggers: AbstractSet[Trigger]) -> float | None:
        """Reconcile one application.

        Returns:
            The seconds after which there is something to do, whatever happens; None for nothing.

        Raises:
            TransientError: the visit failed, and another may not; the status says what failed.
        """
        try:
            return self._visit(name, triggers)
        finally:
            self._visited.add(name)

    def _visit(self, name: str, triggers: AbstractSet[Trigger]) -> float | None:
        record = self.store.application(name)
        if record is None:
            return None
        record = self._ended(record)
        # Another one may have been asked for meanwhile; what follows writes.
        while record.request is not None and record.request.dry_run:
            record = self._rehearse(record, record.request)
        request = record.request
        with self._reporting(name, "SourceError", request):
            revision = self.revisions.current(
                record,
                refresh=bool(triggers & LOOKS_AT_GIT),
                fresh=bool(triggers & SOMEBODY_WAITS),
                request=request,
            )
        self._hold(record, revision)
        with self._reporting(name, "ComparisonError", request):
            revision = self.revisions.completed(revision)
            plan = self.planner.plan(record, revision, request)
        choice = decision.decide(record, plan, request, self._circumstances(record, plan))
        if request is not None and choice.is_refused:
            self._refuse(name, request, f"Refused: {choice.reason}.")
        with self._reporting(name, "SyncError", None):
            results = self._conductor.carry_out(record, revision, choice) if choice.sync else ()
        with self._reporting(name, "ComparisonError", None):
            # Where nothing was asked for or done, what was seen a moment ago is still to be seen.
            known = plan if request is None and not choice.sync else None
            seen = self._settle(name, revision, choice, results, known)
        measures.note_visit(seen)
        if revision.problem:
            raise TransientError(revision.problem)
        return schedule.next_visit_s(seen, self.now())

    def ready(self) -> tuple[bool, str]:
        """Tell whether every application was looked at since the start, and which was not."""
        waiting = [
            record.spec.name
            for record in self.store.applications()
            if record.spec.name not in self._visited
        ]
        return not waiting, f"not looked at yet: {', '.join(waiting)}" if waiting else ""

    def plan(self, name: str, request: SyncRequest | None = None) -> Plan:
        """Give what a sync would do now, or what a request for one asks for, without doing it."""
        record = self.store.application(name)
        if record is None:
            raise PermanentError(f"There is no application {name!r}.")
        if request is not None and request.revision:
            revision = self.revisions.at(record, request.revision)
        else:
            revision = self.revisions.completed(self.revisions.current(record, refresh=False))
        return self.planner.plan(record, revision, request)

    def catalog(self, name: str) -> Catalog | None:
        """Give the definitions that an application stands at, None before its first visit."""
        return self.revisions.known_catalog(name)

    @property
    def planner(self) -> Planner:
        """Makes the plans."""
        return Planner(
            revisions=self.revisions,
            client=self.client,
            live=self.live,
            memory=self.memory,
            find_paths=self.find_paths,
        )

    @property
    def _observer(self) -> Observer:
        return Observer(
            store=self.store,
            live=self.live,
            planner=self.planner,
            judge=self.judge,
            observed=self.observed,
            now=self.now,
        )

    @property
    def _conductor(self) -> Conductor:
        return Conductor(
            store=self.store,
            revisions=self.revisions,
            client=self.client,
            live=self.live,
            executor=self.executor,
            observer=self._observer,
            moved=self._has_moved,
            stopping=self.stopping,
            tell=self.tell,
            now=self.now,
        )

    def _rehearse(self, record: ApplicationRecord, request: SyncRequest) -> ApplicationRecord:
        """Answer a request for a dry run: an operation that changes nothing but the history."""
        name = record.spec.name
        with self._reporting(name, "SourceError", request):
            revision = self.revisions.peek(record, request)
        with self._reporting(name, "ComparisonError", request):
            plan = self.planner.plan(record, revision, request)
        choice = decision.decide(record, plan, request, self._circumstances(record, plan))
        if choice.is_refused:
            return self._refuse(name, request, f"Refused: {choice.reason}.")
        return self._conductor.rehearse(record, revision, choice, request)

    def _settle(
        self,
        name: str,
        revision: Revision,
        choice: Decision,
        results: tuple[ObjectResult, ...],
        known: Plan | None,
    ) -> ApplicationRecord:
        """Compare after what was done, and remember what failed and what was corrected."""
        record = self._record(name)
        seen = known or self.planner.plan(record, revision, record.request)
        failing = {*retries.standing(seen, record.retries), *retries.failed(choice.plan, results)}
        outcome = retries.Outcome(
            plan=choice.plan,
            results=results,
            inputs=retries.inputs(seen, failing, self._observer.health),
            now=self.now(),
            chance=self.chance(),
        )
        if results:
            self.store.update(name, lambda now: _remembering(now, choice, outcome))
        return self._observer.publish(name, revision, seen)

    def _circumstances(self, record: ApplicationRecord, plan: Plan) -> Circumstances:
        failed = retries.standing(plan, record.retries)
        inputs = retries.inputs(plan, failed, self._observer.health)
        return Circumstances(now=self.now(), inputs=inputs)

    def _ended(self, record: ApplicationRecord) -> ApplicationRecord:
        """Give the record with an operation closed that a crash kept from being terminated.

        One that ran then is another matter: it is done again.
        """
        operation = record.operation
        if operation is None or operation.phase is not OperationPhase.TERMINATING:
            return record
        return self.store.update(
            record.spec.name, lambda now: operations.close_interrupted(now, now=self.now())
        )

    def _refuse(self, name: str, request: SyncRequest, reason: str) -> ApplicationRecord:
        return self.store.update(
            name, lambda record: operations.refuse(record, request, reason, now=self.now())
        )

    def _record(self, name: str) -> ApplicationRecord:
        return self.store.update(name, lambda record: record)

    def _hold(self, record: ApplicationRecord, revision: Revision) -> None:
        if record.hold != revision.hold:
            self.store.update(
                record.spec.name, lambda now: now.model_copy(update={"hold": revision.hold})
            )

    def _has_moved(self, name: str, revision: Revision) -> bool:
        """Tell whether a newer commit waits: it must not wait for this one's health."""
        return bool(self.pending(name) & LOOKS_AT_GIT) and self.revisions.moved(revision)

    @contextmanager
    def _reporting(self, name: str, condition: str, request: SyncRequest | None) -> Iterator[None]:
        """Store a failure as the application's condition before it goes on to the loop.

        A request that can be carried out later is kept; one that never can is refused.
        """
        try:
            yield
        except RosterError as error:
            message = str(error)
            never = request if isinstance(error, PermanentError) else None
            self.store.update(
                name,
                lambda now: _failed(now, (condition, message), never, now=self.now()),
            )
            raise


def _failed(
    record: ApplicationRecord,
    condition: tuple[str, str],
    refused: SyncRequest | None,
    *,
    now: datetime,
) -> ApplicationRecord:
    if refused is not None:
        record = operations.refuse(record, refused, condition[1], now=now)
    return record.model_copy(update={"status": status.unknown(record.status, condition, now=now)})


def _remembering(
    record: ApplicationRecord, choice: Decision, outcome: retries.Outcome
) -> ApplicationRecord:
    policy = record.spec.sync_policy.retry
    written = {result.key for result in outcome.results if result.status == SYNCED}
    corrected = [key for key in choice.drift if str(key) in written]
    return record.model_copy(
        update={
            "retries": retries.after(record.retries, outcome, policy),
            "hooks": hookruns.after(record.hooks, choice.plan, outcome.results),
            "corrections": corrections.after(
                record.corrections, choice.plan, corrected, outcome.now
            ),
        }
    )

"""One operation from its first record to its last: intent, writes, results, history."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from controller.cluster.client import Client
from controller.cluster.events import Event
from controller.cluster.live import LiveState
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.plan.steps import Plan
from controller.reconcile import events, interruption, measures, operations, planner, semantics
from controller.reconcile.decision import Decision
from controller.reconcile.interruption import Interruption
from controller.reconcile.observer import Observer
from controller.reconcile.pace import Paced
from controller.reconcile.revisions import Revision, Revisions
from controller.state.records import ApplicationRecord, ObjectResult, SyncRequest
from controller.state.store import Store
from controller.sync.executor import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class Conductor:
    """Carries plans out as operations, which are in the database before they are in the cluster."""

    store: Store
    revisions: Revisions
    client: Client
    live: LiveState
    executor: Executor
    observer: Observer
    moved: Callable[[str, Revision], bool]
    """Whether a newer commit waits."""
    stopping: Callable[[], bool]
    tell: Callable[[Event], None]
    now: Callable[[], datetime]

    def carry_out(
        self, record: ApplicationRecord, revision: Revision, choice: Decision
    ) -> tuple[ObjectResult, ...]:
        """Execute a plan as an operation, and give its results; none where it was interrupted.

        Raises:
            RosterError: the cluster failed as a whole; the operation says so in the history.
        """
        name, plan = record.spec.name, choice.plan
        self._begin(record, revision, choice)
        self.observer.publish(name, revision, plan)
        ending = Interruption(
            lambda: self._reason_to_end(record), has_moved=lambda: self.moved(name, revision)
        )
        results: tuple[ObjectResult, ...] = ()
        problem = operations.CUT_SHORT
        try:
            if planner.options(record, record.request).create_namespace:
                self.client.ensure_namespace(record.spec.namespace)
            results = self.executor.execute(
                plan,
                record_intent=lambda keys: self._intend(name, keys),
                stopped=ending,
                waiting=Paced(lambda: self.observer.look_again(name, revision)),
                terminated=lambda: self._is_terminated(name),
            )
            problem = ""
        except RosterError as error:
            problem = str(error)
            raise
        finally:
            how = operations.Ending(error=problem, reason=ending.reason)
            self._finish(record, plan, results, how)
        return () if ending.reason else results

    def rehearse(
        self, record: ApplicationRecord, revision: Revision, choice: Decision, request: SyncRequest
    ) -> ApplicationRecord:
        """Answer a request for a dry run: an operation that changes nothing but the history."""
        results = self.executor.rehearse(choice.plan)
        by, now = request.initiated_by, self.now()

        def told(known: ApplicationRecord) -> ApplicationRecord:
            aside = known.model_copy(update={"operation": None})
            begun = operations.begin(
                aside, revision.commit, initiated_by=by, request=request, now=now
            )
            ended = operations.finish(begun, results, plan=choice.plan, now=self.now())
            return operations.beside(operations.answered(ended), known)

        return self.store.update(record.spec.name, told)

    def _begin(self, record: ApplicationRecord, revision: Revision, choice: Decision) -> None:
        name = record.spec.name
        definitions = semantics.of_operation(self.revisions, record, revision)

        def begun(now: ApplicationRecord) -> ApplicationRecord:
            intended = operations.intend(now, operations.inventory(now, self.live.managed(name)))
            running = operations.begin(
                intended,
                revision.commit,
                initiated_by=choice.initiated_by,
                request=record.request,
                now=self.now(),
            )
            return operations.bringing(running, definitions)

        self.store.update(name, begun)

    def _finish(
        self,
        record: ApplicationRecord,
        plan: Plan,
        results: tuple[ObjectResult, ...],
        ending: operations.Ending,
    ) -> None:
        goes_on = _goes_on(record.request, ending.reason)

        def ended(now: ApplicationRecord) -> ApplicationRecord:
            done = operations.finish(now, results, plan=plan, ending=ending, now=self.now())
            return done if goes_on else operations.answered(done)

        done = self.store.update(record.spec.name, ended)
        measures.observe_operation(done, results)
        if done.operation:
            for event in events.of_operation(done.operation, plan, results, self.live.get):
                self.tell(event)

    def _intend(self, name: str, keys: AbstractSet[ObjectKey]) -> None:
        self.store.update(name, lambda record: operations.intend(record, keys))

    def _is_terminated(self, name: str) -> bool:
        record = self.store.application(name)
        return bool(record and record.operation and record.operation.terminated_by)

    def _reason_to_end(self, began: ApplicationRecord) -> str:
        """Tell why an operation must end, but for newer commits."""
        if self.stopping():
            return interruption.STOPPING
        record = self.store.application(began.spec.name)
        if record is None:
            return ""
        if record.operation and record.operation.terminated_by:
            return interruption.TERMINATED.format(by=record.operation.terminated_by)
        is_asked_anew = record.next_request_id > began.next_request_id
        # A dry run has time until this is done.
        is_dry = record.request is not None and record.request.dry_run
        return interruption.SUPERSEDED if is_asked_anew and not is_dry else ""


def _goes_on(request: SyncRequest | None, reason: str) -> bool:
    """Tell whether a request goes on in another operation: with the newest, or after a restart."""
    if reason == interruption.SUPERSEDED:
        return request is not None and request.revision is None
    return reason == interruption.STOPPING

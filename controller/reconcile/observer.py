"""What is seen of an application, stored as its status."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controller.cluster.live import LiveState
from controller.definitions.catalog import Catalog
from controller.definitions.findings import Finding
from controller.health import HealthStatus, assess
from controller.plan.steps import Plan, Step
from controller.reconcile import conditions, measures, retries, status
from controller.reconcile.planner import Planner
from controller.reconcile.revisions import Revision
from controller.state.records import ApplicationRecord
from controller.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Looks, and publishes what it saw."""

    store: Store
    live: LiveState
    planner: Planner
    judge: assess.Assess
    observed: Callable[[str, Catalog], tuple[Finding, ...]]
    now: Callable[[], datetime]

    def health(self, step: Step) -> HealthStatus:
        """Tell how the object of a step is doing."""
        found = self.live.get(step.key)
        return self.judge(found).status if found is not None else HealthStatus.MISSING

    def look_again(self, name: str, revision: Revision) -> None:
        """Compare in the middle of what is being done, and store what is seen."""
        record = self.store.application(name)
        if record is not None:
            self.publish(name, revision, self.planner.plan(record, revision, None))

    def publish(self, name: str, revision: Revision, plan: Plan) -> ApplicationRecord:
        """Store what a plan tells of an application, and give the record with it."""
        record = self.store.update(name, lambda now: now)
        observation = status.Observation(
            commit=revision.commit,
            desired=revision.desired,
            plan=plan,
            live=self.live.managed(name),
            pods=self.live.pods,
            judge=self.judge,
            conditions=tuple(conditions.of(record, revision, plan, self.now())),
            findings=self.observed(name, revision.desired.catalog),
            retries=retries.standing(plan, record.retries),
        )
        seen = self.store.update(
            name,
            lambda now: now.model_copy(
                update={"status": status.status(observation, now.status, now=self.now())}
            ),
        )
        measures.observe_status(record, seen)
        return seen

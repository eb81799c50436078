"""What a sync of a revision would do now: compared with the cluster and put in order."""

from dataclasses import dataclass

from controller import tracing
from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions import syncoptions
from controller.definitions.syncoptions import SyncOptions
from controller.objects import ObjectKey
from controller.plan import make
from controller.plan.policy import Policy
from controller.plan.steps import Plan
from controller.reconcile import operations
from controller.reconcile.revisions import Revision, Revisions
from controller.state.records import ApplicationRecord, SyncRequest
from controller.sync import compare
from controller.sync.jqpaths import PathFinder
from controller.sync.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Makes plans from watched state; asks the cluster only for what that leaves undecided."""

    revisions: Revisions
    client: Client
    live: LiveState
    memory: Memory
    find_paths: PathFinder

    def plan(
        self, record: ApplicationRecord, revision: Revision, request: SyncRequest | None
    ) -> Plan:
        """Compare a revision with the cluster and order what differs.

        Raises:
            UnavailableError: the cluster cannot be reached, so nothing is known.
        """
        desired, spec = revision.desired, record.spec
        wanted = request.prune if request and request.prune is not None else spec.sync_policy.prune
        components = desired.rendered.components
        stored = [ObjectKey.parse(key) for key in record.inventory]
        compare.follow(self.live, self.client, components, stored)
        live = self.live.managed(spec.name)
        with tracing.span("diff", application=spec.name, components=len(components)):
            differences = compare.differences(
                components,
                self.live,
                self.client,
                memory=self.memory,
                ignored=spec.ignore_differences,
                find=self.find_paths,
            )
        return make.make(
            application=spec.name,
            revision=revision.commit.revision,
            components=components,
            blocked=desired.rendered.blocked,
            unreadable=desired.unreadable_files,
            live=live,
            differences=differences,
            inventory=frozenset(stored) or operations.inventory(record, live),
            policy=Policy(
                prune=wanted,
                confirmed=bool(request and request.confirmed),
                approved_since=revision.commit.committed_at,
                options=options(record, request),
            ),
            source_is_empty=desired.is_empty,
            claims=self.revisions.claims(spec.name),
        )


def options(record: ApplicationRecord, request: SyncRequest | None) -> SyncOptions:
    """Give the application's sync options, those of a request over them."""
    asked = request.sync_options if request else ()
    return syncoptions.parse(asked, record.spec.sync_policy.options)

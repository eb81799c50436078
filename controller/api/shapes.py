"""What the API answers with: Argo CD's `Application` and its parts, as pydantic models.

Field names are those of Argo CD's `pkg/apis/application/v1alpha1/types.go`, so that what reads
Argo CD's API reads this one; fields that Argo CD does not have say so. Only what stands here can
leave: there is no field for credentials (CVE-2025-55190).
"""

from datetime import datetime
from typing import Annotated, Literal

import pydantic
from pydantic.alias_generators import to_camel

from controller.state.records import OperationPhase, SyncMode, SyncStatus

Name = Annotated[str, pydantic.Field(min_length=1, max_length=253)]


class Shape(pydantic.BaseModel):
    """A part of an answer: immutable, camelCase on the wire."""

    model_config = pydantic.ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class SourceShape(Shape):
    """Where an application's definitions come from."""

    repo_url: str = pydantic.Field(alias="repoURL", description="Without credentials.")
    path: str
    target_revision: str


class DestinationShape(Shape):
    """Where an application's objects go."""

    namespace: str


class AutomatedShape(Shape):
    """What happens without a person."""

    enabled: bool
    prune: bool
    self_heal: bool


class BackoffShape(Shape):
    """How long is waited before another try."""

    duration: str
    factor: float
    max_duration: str


class RetryShape(Shape):
    """What happens after a sync that failed."""

    limit: int = pydantic.Field(description="Negative for as long as it fails.")
    backoff: BackoffShape


class SyncWindowShape(Shape):
    """A time that comes again, in which syncs are allowed or denied."""

    kind: Literal["allow", "deny"]
    schedule: str
    duration: str
    time_zone: str
    manual_sync: bool


class SyncWindowsShape(Shape):
    """Argo CD's `ApplicationSyncWindowsResponse`. Reason and changesAt are Roster's own."""

    active_windows: list[SyncWindowShape]
    assigned_windows: list[SyncWindowShape]
    can_sync: bool = pydantic.Field(description="Whether a person may sync now.")
    can_auto_sync: bool = pydantic.Field(description="Whether a sync may begin by itself now.")
    reason: str = pydantic.Field(description="Why none may begin by itself; else empty.")
    changes_at: datetime | None = pydantic.Field(
        description="When the next window opens or closes."
    )


class SyncPolicyShape(Shape):
    """Argo CD's `syncPolicy`. Mode and syncWindows are Roster's own."""

    automated: AutomatedShape
    mode: SyncMode
    retry: RetryShape
    sync_windows: list[SyncWindowShape]
    sync_options: list[str]


class SpecShape(Shape):
    """Argo CD's `Application.spec`."""

    source: SourceShape
    destination: DestinationShape
    sync_policy: SyncPolicyShape
    suspend: bool = pydantic.Field(description="Suspended by its definition. Roster's own.")


class MetadataShape(Shape):
    """Name and version of an application."""

    name: str
    resource_version: str = pydantic.Field(description="Changes whenever the application does.")


class ComparedTo(Shape):
    """What the sync status was found against."""

    source: SourceShape
    destination: DestinationShape


class SyncShape(Shape):
    """Whether live state equals git."""

    status: SyncStatus
    revision: str
    compared_to: ComparedTo


class HealthShape(Shape):
    """Healthy, Progressing, Degraded, Suspended, Missing or Unknown."""

    status: str
    message: str


class ObjectRef(Shape):
    """Names one Kubernetes object."""

    group: str
    kind: str
    namespace: str
    name: str


class ResourceShape(ObjectRef):
    """One object of an application. Component, file, line and message are Roster's own."""

    version: str
    status: SyncStatus
    health: HealthShape
    hook: bool
    requires_pruning: bool
    sync_wave: int
    component: str
    file: str
    line: int


class ConditionShape(Shape):
    """Something worth knowing, with a stable type."""

    type: str
    message: str
    last_transition_time: datetime


class InitiatorShape(Shape):
    """Who or what started an operation."""

    username: str
    automated: bool
    cause: str = pydantic.Field(
        description="automated, self-heal, or who asked for it. Roster's own."
    )


class ResultShape(ObjectRef):
    """What an operation did to one object. Action and changes are Roster's own."""

    status: str = pydantic.Field(
        description="Synced, SyncFailed, Pruned, PruneSkipped or HookSkipped."
    )
    message: str
    sync_phase: str = pydantic.Field(description="PreSync, Sync, PostSync or SyncFail.")
    hook_phase: str | None = pydantic.Field(
        default=None, description="Of a hook: Running, Succeeded or Failed."
    )
    action: str
    changes: list[str]


class SyncResultShape(Shape):
    """What an operation did to all objects."""

    revision: str
    resources: list[ResultShape]


class SyncOperationShape(Shape):
    """What was asked of an operation."""

    revision: str
    dry_run: bool = False
    resources: list[ObjectRef] = pydantic.Field(
        default_factory=list, description="The objects that were chosen; all where empty."
    )


class OperationShape(Shape):
    """An operation as asked for."""

    sync: SyncOperationShape
    initiated_by: InitiatorShape


class RequestedShape(OperationShape):
    """An operation that was asked for and is not done yet."""

    id: int = pydantic.Field(
        description="Number of the request; its operation has it as `requestId`. Roster's own."
    )


class OperationStateShape(Shape):
    """The operation that runs, or ran last."""

    id: int = pydantic.Field(description="Counts up with each operation. Roster's own.")
    request_id: int = pydantic.Field(
        description="The request that it carries out; 0 where nobody asked. Roster's own."
    )
    phase: OperationPhase
    message: str
    started_at: datetime
    finished_at: datetime | None
    retry_count: int
    operation: OperationShape
    sync_result: SyncResultShape


class HistoryShape(Shape):
    """One deployment that succeeded."""

    id: int
    revision: str
    deploy_started_at: datetime
    deployed_at: datetime | None
    source: SourceShape
    initiated_by: InitiatorShape


class FindingShape(Shape):
    """One problem in the repository. Roster's own."""

    rule: str
    severity: str
    message: str
    remedy: str
    file: str
    line: int
    column: int
    definition: str
    template: str
    cause: str = pydantic.Field(
        description="Place of the error that this one only follows from; empty for none."
    )


class ComponentShape(Shape):
    """One definition of the repository. Roster's own."""

    id: str
    kind: str
    namespace: str
    name: str
    file: str
    line: int
    sync: SyncStatus
    health: HealthShape
    tries: int = pydantic.Field(description="How often it could not be applied.")
    next_try_at: datetime | None = pydantic.Field(
        description="When it is tried again, if nothing that it depends on changes before."
    )


class CommitShape(Shape):
    """The commit that an application was last compared with. Roster's own."""

    revision: str
    author: str
    message: str
    date: datetime | None


class SummaryShape(Shape):
    """Counts. Roster's own, in the place of Argo CD's summary."""

    components: int
    resources: int
    out_of_sync: int
    unhealthy: int
    errors: int
    warnings: int


class BriefStatusShape(Shape):
    """Argo CD's `Application.status` without what grows with the number of objects."""

    sync: SyncShape
    health: HealthShape
    conditions: list[ConditionShape]
    reconciled_at: datetime | None
    source_type: Literal["Directory"]
    summary: SummaryShape
    suspended: bool = pydantic.Field(
        description="Whether nothing is synced, by its definition or by a person."
    )
    next_try_at: datetime | None = pydantic.Field(
        description="When what could not be applied is tried again; per component in components."
    )
    commit: CommitShape | None
    synced_revision: str


class StatusShape(BriefStatusShape):
    """Argo CD's `Application.status`."""

    resources: list[ResourceShape]
    operation_state: OperationStateShape | None
    history: list[HistoryShape] = pydantic.Field(description="Oldest first, as in Argo CD.")
    findings: list[FindingShape]
    components: list[ComponentShape]


class _ApplicationShape(Shape):
    api_version: Literal["roster.dev/v1alpha1"] = "roster.dev/v1alpha1"
    kind: Literal["Application"] = "Application"
    metadata: MetadataShape
    spec: SpecShape


class ApplicationShape(_ApplicationShape):
    """Argo CD's `Application`."""

    operation: RequestedShape | None = pydantic.Field(
        description="What was asked for and is not done yet."
    )
    status: StatusShape


class BriefApplicationShape(_ApplicationShape):
    """An application in a list: ask for it by name to see its objects and history."""

    status: BriefStatusShape


class ListMetadata(Shape):
    """Kubernetes' `ListMeta`."""

    resource_version: str
    continue_: str = pydantic.Field(
        alias="continue", description="Pass it on to get the next page; empty on the last."
    )
    remaining_item_count: int


class ApplicationListShape(Shape):
    """A page of applications, by name."""

    metadata: ListMetadata
    items: list[BriefApplicationShape]


class FindingsShape(Shape):
    """Everything that is wrong in the repository at the compared revision."""

    revision: str
    items: list[FindingShape]

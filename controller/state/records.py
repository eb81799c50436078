"""What is stored: frozen records with JSON forms. Names and shapes follow Argo CD's status."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

import pydantic

from controller.definitions import syncoptions
from controller.definitions.syncoptions import SyncOptions
from controller.diff.ignore import Rule
from controller.plan.selection import Selector


class Record(pydantic.BaseModel):
    """A stored record: immutable, strict about its fields, JSON in and out."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class SyncStatus(StrEnum):
    """Whether live state equals git. Unknown is not Synced."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class OperationPhase(StrEnum):
    """Where an operation stands."""

    RUNNING = "Running"
    TERMINATING = "Terminating"
    FAILED = "Failed"
    ERROR = "Error"
    SUCCEEDED = "Succeeded"


class RetryPolicy(Record):
    """How often and when a failed sync is tried again: Argo CD's `syncPolicy.retry`."""

    limit: int = -1
    """Tries after the first; negative for as long as it fails. A new revision starts anew."""
    hook_limit: int = 5
    """The same for hooks: a Job that runs again has effects, and costs. Argo CD's default."""
    duration_s: float = 5.0
    factor: float = 2.0
    """By which each wait is longer than the one before."""
    max_duration_s: float = 180.0


class SyncWindow(Record):
    """A time that comes again, in which syncs are allowed or denied: as in Argo CD's projects."""

    kind: Literal["allow", "deny"]
    schedule: str
    """Five fields of cron: when it begins."""
    duration_s: float
    time_zone: str = "UTC"
    manual_sync: bool = False
    """Whether a person may sync although it forbids syncs by themselves."""


class SyncMode(StrEnum):
    """What happens without a person."""

    ENFORCE = "enforce"
    """New revisions are applied, and drift is corrected where `self_heal` allows it."""
    WARN = "warn"
    """Nothing; what differs from git is a condition."""
    MANUAL = "manual"
    """Nothing; that something differs is expected."""


class SyncPolicy(Record):
    """What may happen without a person: field meanings of Argo CD's `syncPolicy.automated`."""

    automated: bool = True
    warn: bool = False
    """Whether it is a condition that something differs, where nothing is automated."""
    prune: bool = False
    self_heal: bool = True
    retry: RetryPolicy = RetryPolicy()
    windows: tuple[SyncWindow, ...] = ()
    create_namespace: bool = False
    """Whether the application's namespace is made where it is missing."""
    adopt: bool = False
    """Whether objects that exist and belong to nobody are taken over."""
    sync_options: tuple[str, ...] = ()
    """As `definitions.syncoptions` reads them."""

    @property
    def mode(self) -> SyncMode:
        """What happens without a person, in a word."""
        if self.automated:
            return SyncMode.ENFORCE
        return SyncMode.WARN if self.warn else SyncMode.MANUAL

    @property
    def options(self) -> SyncOptions:
        """All options of the application."""
        flags = SyncOptions(adopt=self.adopt, create_namespace=self.create_namespace)
        return syncoptions.parse(self.sync_options, flags)


class ApplicationSpec(Record):
    """What to deploy from where to where, as given by flags, `roster.yaml` or an Application."""

    name: str
    repo_url: str
    target_revision: str = "HEAD"
    path: str = "."
    namespace: str = "default"
    templates: str = ""
    """Folder in the repository whose templates replace the built-in ones, by file name."""
    agent_annotations: Mapping[str, str] = pydantic.Field(default_factory=dict)
    """Annotations `roster.dev/…` of agents that do not have them: runtime, policies."""
    sync_policy: SyncPolicy = SyncPolicy()
    ignore_differences: tuple[Rule, ...] = ()
    """Fields that are left to others."""
    suspend: bool = False
    """Whether nothing is synced, said where the application is written down."""


class SyncRequest(Record):
    """What a person asked for, by command line, API or dashboard; stored until it is carried out.

    Stored, because the source may be out of reach at that moment, or the controller be killed.
    """

    id: int = 0
    """Given when it is accepted, counts from 1 per application. Its operation carries it."""
    revision: str | None = None
    """Commit, branch or tag instead of the application's target; None: the target."""
    prune: bool | None = None
    """Instead of the application's policy; None: the policy."""
    confirmed: bool = False
    """Whether guards that ask for a confirmation are lifted."""
    sync_options: tuple[str, ...] = ()
    """Such as `Replace=true`, over those of the application."""
    resources: tuple[Selector, ...] = ()
    """The objects to sync, without hooks; all where empty."""
    skip_hooks: bool = False
    dry_run: bool = False
    """Whether to tell what would happen, and do nothing."""
    initiated_by: str = "manual"


class Condition(Record):
    """Something worth knowing about an application, with a stable reason code."""

    type: str
    """In CamelCase and for good: ComparisonError, SourceError, SyncError, InvalidDefinition …"""
    message: str
    last_transition_time: datetime


class StoredFinding(Record):
    """A finding as it is shown: where, what, what to do."""

    rule: str
    severity: str
    message: str
    remedy: str
    file: str
    line: int
    column: int
    definition: str = ""
    template: str = ""
    cause: str = ""
    """Place of the error that this one only follows from."""


class ObjectStatus(Record):
    """One object of an application, as last seen."""

    key: str
    """`str(ObjectKey)`."""
    api_version: str = ""
    component: str = ""
    """`str(DefinitionId)` of the definition it came from, empty for an orphan."""
    file: str = ""
    line: int = 0
    sync: SyncStatus = SyncStatus.UNKNOWN
    health: str = "Unknown"
    message: str = ""
    wave: int = 0
    requires_pruning: bool = False


class ComponentStatus(Record):
    """One definition of an application, as last seen."""

    id: str
    """`str(DefinitionId)`."""
    kind: str
    namespace: str
    name: str
    file: str = ""
    line: int = 0
    sync: SyncStatus = SyncStatus.UNKNOWN
    health: str = "Unknown"
    message: str = ""
    tries: int = 0
    """How often it could not be applied, at this revision."""
    next_try_at: datetime | None = None
    """None where it waits for nothing, or for a change in git or in what it refers to."""


class ObjectResult(Record):
    """What an operation did to one object."""

    key: str
    action: str
    """create, update, prune, keep."""
    status: str
    """Synced, SyncFailed, Pruned, PruneSkipped: Argo CD's result codes; HookSkipped."""
    message: str = ""
    sync_phase: str = "Sync"
    """PreSync, Sync, PostSync, SyncFail."""
    hook_phase: str = ""
    """Of a hook: Running, Succeeded, Failed; empty for other objects."""
    is_gone: bool = False
    """Whether a hook was deleted after its run."""
    changes: tuple[str, ...] = ()
    """Changed fields as `path: before -> after`; Secret values masked."""


class DefinitionChange(Record):
    """One thing that a new revision changes in an agent's own terms; no secret value is in it."""

    kind: str
    """Of `diff.semantic`: prompt, model, tools, approval …"""
    severity: str
    """high, medium, low."""
    definition: str
    file: str
    line: int
    summary: str
    """A sentence; what comes from the repository stands in backticks."""
    agents: int = 0
    """Number of agents that it is about."""
    reaches: int = 0
    """Number of agents that call those."""


class DefinitionChanges(Record):
    """What an operation brought that the one before it had not."""

    since: str
    """The revision that was synced before."""
    total: int
    most_important: tuple[DefinitionChange, ...] = ()
    """A few of them; the two revisions tell the rest."""


class Operation(Record):
    """One carrying-out of a plan."""

    id: int
    """Counts from 1 per application."""
    revision: str
    author: str = ""
    message: str = ""
    """First line of the commit's message."""
    initiated_by: str = "automated"
    """`automated`, `self-heal`, `webhook`, or a person."""
    request_id: int = 0
    """The request that it carries out; 0 where nobody asked."""
    dry_run: bool = False
    """Whether it only told what would happen."""
    resources: tuple[Selector, ...] = ()
    """The objects that somebody chose; all where empty."""
    phase: OperationPhase = OperationPhase.RUNNING
    terminated_by: str = ""
    """Who ended it in the middle; then it is not tried again before the next commit or request."""
    result_message: str = ""
    retry_count: int = 0
    """How often it was tried again with the same outcome."""
    started_at: datetime
    finished_at: datetime | None = None
    objects: tuple[ObjectResult, ...] = ()
    definitions: DefinitionChanges | None = None
    """None where it brought no new revision, or is the first."""


class Retry(Record):
    """A component that could not be applied, an orphan that stayed, or hooks that failed."""

    unit: str
    """`str(DefinitionId)` of the component, `str(ObjectKey)` of the orphan; `hooks`."""
    revision: str
    inputs: str = ""
    """What it depends on, as it was then: a change ends the wait."""
    tries: int = 1
    next_at: datetime | None = None
    """None where the limit is reached: it waits for a change."""
    message: str = ""


class HookRuns(Record):
    """The hooks that an application has behind it."""

    revision: str
    passed: tuple[str, ...] = ()
    """Phases all of whose hooks succeeded at this revision."""


class Correction(Record):
    """An object that was changed back to what git says, by somebody else's doing."""

    key: str
    """`str(ObjectKey)`."""
    times: tuple[datetime, ...] = ()
    """Of the last minute."""
    attempts: int = 0
    """Corrections since it is contested; 0 where it is not."""
    until: datetime | None = None
    """Left alone until then."""
    writers: tuple[str, ...] = ()
    """Field managers of what was changed."""


class CommitRecord(Record):
    """The commit that an application was last compared with."""

    revision: str
    author: str = ""
    email: str = ""
    message: str = ""
    committed_at: datetime | None = None


class ApplicationStatus(Record):
    """Everything known about an application after its last visit."""

    sync: SyncStatus = SyncStatus.UNKNOWN
    health: str = "Unknown"
    health_message: str = ""
    commit: CommitRecord | None = None
    synced_revision: str = ""
    """The revision of the last operation that succeeded."""
    reconciled_at: datetime | None = None
    objects: tuple[ObjectStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()
    findings: tuple[StoredFinding, ...] = ()
    components: tuple[ComponentStatus, ...] = ()


class Suspension(Record):
    """Somebody's word that nothing is to be synced until it is resumed."""

    by: str
    since: datetime


class Hold(Record):
    """A revision that somebody asked for in place of the newest; it ends with the next commit."""

    revision: str
    instead_of: str
    """The commit that was the newest then."""


class ApplicationRecord(Record):
    """One application as stored: one file each."""

    spec: ApplicationSpec
    status: ApplicationStatus = ApplicationStatus()
    operation: Operation | None = None
    """The one that runs, or ran last."""
    history: tuple[Operation, ...] = ()
    """Newest first, at most 50."""
    inventory: tuple[str, ...] = ()
    """`str(ObjectKey)` of everything applied or about to be."""
    hold: Hold | None = None
    suspension: Suspension | None = None
    request: SyncRequest | None = None
    """What was asked for and is not done yet. A newer request takes its place."""
    retries: tuple[Retry, ...] = ()
    hooks: HookRuns | None = None
    corrections: tuple[Correction, ...] = ()
    next_operation_id: int = 1
    next_request_id: int = 1

    @property
    def is_suspended(self) -> bool:
        """Whether nothing is synced, neither by itself nor by request."""
        return self.spec.suspend or self.suspension is not None

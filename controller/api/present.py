"""Records as answers. Every manifest, URL and message that leaves is masked or redacted here."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.api import shapes
from controller.api.operationshapes import DefinitionChangesShape, OperationRecordShape
from controller.definitions import durations
from controller.objects import Manifest, ObjectKey, masked
from controller.reconcile.decision import SELF_HEAL
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ComponentStatus,
    DefinitionChanges,
    ObjectResult,
    ObjectStatus,
    Operation,
    OperationPhase,
    RetryPolicy,
    StoredFinding,
    SyncRequest,
    SyncStatus,
    SyncWindow,
)
from controller.telemetry import redact

AUTOMATED = frozenset({"automated", SELF_HEAL, "webhook"})


def version(record: ApplicationRecord) -> str:
    """Give a text that changes whenever the application does.

    A look that finds everything as it was is no change: streams would tell of each poll.
    """
    told = record.model_dump_json(exclude={"status": {"reconciled_at"}})
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def application(record: ApplicationRecord) -> shapes.ApplicationShape:
    """Give an application with everything that is known of it."""
    status = record.status
    return shapes.ApplicationShape(
        metadata=_metadata(record),
        spec=_spec(record.spec),
        operation=_requested(record.request) if record.request else None,
        status=shapes.StatusShape(
            **dict(_brief_status(record)),
            resources=[resource(item) for item in status.objects],
            operation_state=operation_state(record.operation) if record.operation else None,
            history=list(_deployments(record)),
            findings=[finding(item) for item in status.findings],
            components=[component(item) for item in status.components],
        ),
    )


def brief_application(record: ApplicationRecord) -> shapes.BriefApplicationShape:
    """Give an application without what grows with the number of its objects."""
    return shapes.BriefApplicationShape(
        metadata=_metadata(record), spec=_spec(record.spec), status=_brief_status(record)
    )


def resource(item: ObjectStatus) -> shapes.ResourceShape:
    """Give an object of an application."""
    return shapes.ResourceShape(
        **reference(item.key),
        version=item.api_version.rpartition("/")[2],
        status=item.sync,
        health=health(item.health, item.message),
        hook=False,
        requires_pruning=item.requires_pruning,
        sync_wave=item.wave,
        component=item.component,
        file=item.file,
        line=item.line,
    )


def reference(key: str | ObjectKey) -> dict[str, str]:
    """Give the four names of an object as arguments of a shape."""
    parsed = ObjectKey.parse(key) if isinstance(key, str) else key
    return {
        "group": parsed.group,
        "kind": parsed.kind,
        "namespace": parsed.namespace,
        "name": parsed.name,
    }


def component(item: ComponentStatus) -> shapes.ComponentShape:
    """Give a definition with its status."""
    return shapes.ComponentShape(
        id=item.id,
        kind=item.kind,
        namespace=item.namespace,
        name=item.name,
        file=item.file,
        line=item.line,
        sync=item.sync,
        health=health(item.health, item.message),
        tries=item.tries,
        next_try_at=item.next_try_at,
    )


def finding(item: StoredFinding) -> shapes.FindingShape:
    """Give a finding."""
    return shapes.FindingShape(**item.model_dump())


def operation_state(operation: Operation) -> shapes.OperationStateShape:
    """Give the current operation in Argo CD's shape."""
    return shapes.OperationStateShape(
        id=operation.id,
        request_id=operation.request_id,
        phase=operation.phase,
        message=redact(operation.result_message),
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        retry_count=operation.retry_count,
        operation=shapes.OperationShape(
            sync=_asked(operation.revision, operation),
            initiated_by=initiator(operation),
        ),
        sync_result=shapes.SyncResultShape(
            revision=operation.revision, resources=[result(item) for item in operation.objects]
        ),
    )


def _asked(revision: str, asked: SyncRequest | Operation) -> shapes.SyncOperationShape:
    chosen = (
        shapes.ObjectRef(group=one.group, kind=one.kind, namespace=one.namespace, name=one.name)
        for one in asked.resources
    )
    return shapes.SyncOperationShape(
        revision=revision, dry_run=asked.dry_run, resources=list(chosen)
    )


def _requested(request: SyncRequest) -> shapes.RequestedShape:
    return shapes.RequestedShape(
        id=request.id,
        sync=_asked(request.revision or "", request),
        initiated_by=shapes.InitiatorShape(
            username=request.initiated_by, automated=False, cause=request.initiated_by
        ),
    )


def operation_record(operation: Operation) -> OperationRecordShape:
    """Give an operation of the history."""
    return OperationRecordShape(
        id=operation.id,
        dry_run=operation.dry_run,
        request_id=operation.request_id,
        revision=operation.revision,
        author=operation.author,
        message=operation.message,
        title=title(operation),
        initiated_by=initiator(operation),
        phase=operation.phase,
        result_message=redact(operation.result_message),
        retry_count=operation.retry_count,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        resources=[result(item) for item in operation.objects],
        definitions=_definitions(operation.definitions),
    )


def title(operation: Operation) -> str:
    """Say in a line what an operation was about: a correction has nothing to do with the commit."""
    if operation.initiated_by == SELF_HEAL:
        return _corrected([ObjectKey.parse(one.key) for one in operation.objects])
    return operation.message or f"Revision {operation.revision[:7]}"


def _corrected(keys: Sequence[ObjectKey]) -> str:
    if not keys:
        return "Correct drift"
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"Correct {keys[0].kind} {keys[0].name}{more}"


def _definitions(
    changes: DefinitionChanges | None,
) -> DefinitionChangesShape | None:
    if changes is None:
        return None
    return DefinitionChangesShape.model_validate(changes.model_dump())


def initiator(operation: Operation) -> shapes.InitiatorShape:
    """Give who started an operation; nobody's name where it started by itself."""
    automated = operation.initiated_by in AUTOMATED
    return shapes.InitiatorShape(
        username="" if automated else operation.initiated_by,
        automated=automated,
        cause=operation.initiated_by,
    )


def result(item: ObjectResult) -> shapes.ResultShape:
    """Give what an operation did to one object."""
    return shapes.ResultShape(
        **reference(item.key),
        status=item.status,
        message=redact(item.message),
        sync_phase=item.sync_phase,
        hook_phase=item.hook_phase or None,
        action=item.action,
        changes=list(item.changes),
    )


def safe(manifest: Manifest | None) -> dict[str, Any]:
    """Give a manifest fit to be shown: Secret values masked, without the server's bookkeeping."""
    if manifest is None:
        return {}
    shown = dict(masked(manifest))
    if isinstance(shown.get("metadata"), Mapping):
        shown["metadata"] = {
            name: value for name, value in shown["metadata"].items() if name != "managedFields"
        }
    return shown


def _metadata(record: ApplicationRecord) -> shapes.MetadataShape:
    return shapes.MetadataShape(name=record.spec.name, resource_version=version(record))


def _source(spec: ApplicationSpec) -> shapes.SourceShape:
    return shapes.SourceShape(
        repo_url=redact(spec.repo_url), path=spec.path, target_revision=spec.target_revision
    )


def _spec(spec: ApplicationSpec) -> shapes.SpecShape:
    policy = spec.sync_policy
    return shapes.SpecShape(
        source=_source(spec),
        destination=shapes.DestinationShape(namespace=spec.namespace),
        sync_policy=shapes.SyncPolicyShape(
            automated=shapes.AutomatedShape(
                enabled=policy.automated, prune=policy.prune, self_heal=policy.self_heal
            ),
            mode=policy.mode,
            retry=_retry(policy.retry),
            sync_windows=[window(item) for item in policy.windows],
            sync_options=[
                *(["CreateNamespace=true"] if policy.create_namespace else []),
                *(["Adopt=true"] if policy.adopt else []),
                *policy.sync_options,
            ],
        ),
        suspend=spec.suspend,
    )


def window(item: SyncWindow) -> shapes.SyncWindowShape:
    """Give a sync window."""
    return shapes.SyncWindowShape(
        kind=item.kind,
        schedule=item.schedule,
        duration=durations.text(item.duration_s),
        time_zone=item.time_zone,
        manual_sync=item.manual_sync,
    )


def _retry(policy: RetryPolicy) -> shapes.RetryShape:
    return shapes.RetryShape(
        limit=policy.limit,
        backoff=shapes.BackoffShape(
            duration=durations.text(policy.duration_s),
            factor=policy.factor,
            max_duration=durations.text(policy.max_duration_s),
        ),
    )


def _brief_status(record: ApplicationRecord) -> shapes.BriefStatusShape:
    status, spec = record.status, record.spec
    compared_to = shapes.ComparedTo(
        source=_source(spec), destination=shapes.DestinationShape(namespace=spec.namespace)
    )
    return shapes.BriefStatusShape(
        sync=shapes.SyncShape(
            status=status.sync,
            revision=status.commit.revision if status.commit else "",
            compared_to=compared_to,
        ),
        health=health(status.health, status.health_message),
        conditions=[
            shapes.ConditionShape(
                type=item.type,
                message=redact(item.message),
                last_transition_time=item.last_transition_time,
            )
            for item in status.conditions
        ],
        reconciled_at=status.reconciled_at,
        source_type="Directory",
        summary=summary(record),
        suspended=record.is_suspended,
        next_try_at=min(
            (item.next_try_at for item in status.components if item.next_try_at), default=None
        ),
        commit=_commit(record),
        synced_revision=status.synced_revision,
    )


def summary(record: ApplicationRecord) -> shapes.SummaryShape:
    """Count what an application has and what is wrong with it."""
    status = record.status
    severities = [item.severity for item in status.findings]
    return shapes.SummaryShape(
        components=len(status.components),
        resources=len(status.objects),
        out_of_sync=sum(item.sync is not SyncStatus.SYNCED for item in status.objects),
        unhealthy=sum(item.health not in {"Healthy", "Suspended"} for item in status.objects),
        errors=severities.count("error"),
        warnings=severities.count("warning"),
    )


def _commit(record: ApplicationRecord) -> shapes.CommitShape | None:
    commit = record.status.commit
    if commit is None:
        return None
    return shapes.CommitShape(
        revision=commit.revision,
        author=commit.author,
        message=commit.message,
        date=commit.committed_at,
    )


def _deployments(record: ApplicationRecord) -> Iterable[shapes.HistoryShape]:
    for operation in reversed(record.history):
        if operation.phase is OperationPhase.SUCCEEDED and not operation.dry_run:
            yield shapes.HistoryShape(
                id=operation.id,
                revision=operation.revision,
                deploy_started_at=operation.started_at,
                deployed_at=operation.finished_at,
                source=_source(record.spec),
                initiated_by=initiator(operation),
            )


def health(status: str, message: str) -> shapes.HealthShape:
    """Give a health with its message, URLs without credentials."""
    return shapes.HealthShape(status=status, message=redact(message))

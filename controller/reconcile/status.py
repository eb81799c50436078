"""An application's status, put together from git, plan and live state. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.definitions import hooks, suggest
from controller.definitions.findings import Finding, Position, Severity
from controller.diff.difference import Outcome
from controller.health import Health, HealthStatus, pods, worst
from controller.health.assess import Assess, assess
from controller.objects import Manifest, ObjectKey, metadata
from controller.plan.steps import Action, Guard, Plan, Step
from controller.reconcile.desired import Desired
from controller.source.snapshot import Commit
from controller.state.records import (
    ApplicationStatus,
    CommitRecord,
    ComponentStatus,
    Condition,
    ObjectStatus,
    Retry,
    StoredFinding,
    SyncStatus,
)

NOWHERE = Position("", line=0)
MISSING = Health(HealthStatus.MISSING)
_WORST_SYNC = (SyncStatus.SYNCED, SyncStatus.OUT_OF_SYNC, SyncStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that one visit saw."""

    commit: Commit
    desired: Desired
    plan: Plan
    live: Mapping[ObjectKey, Manifest]
    pods: Callable[[str], Sequence[Manifest]] = lambda _uid: ()
    """The pods by which the object of a uid is judged."""
    judge: Assess = assess
    """Tells how an object is doing."""
    conditions: tuple[tuple[str, str], ...] = ()
    """Type and message of what else is worth knowing, such as a source that cannot be reached."""
    findings: tuple[Finding, ...] = ()
    """What is to be said of the revision beside what it says itself: its tools, as they are."""
    retries: Mapping[str, Retry] = field(default_factory=dict)
    """What could not be applied, by component."""


def status(
    observation: Observation, before: ApplicationStatus, *, now: datetime
) -> ApplicationStatus:
    """Give the status after a visit; times of conditions that stay are kept."""
    objects = tuple(_objects(observation))
    components = tuple(_components(observation, objects))
    health = _application_health(objects)
    conditions = [*observation.conditions, *_conditions(observation)]
    sync = _worst_sync(
        [
            *(item.sync for item in components),
            *(item.sync for item in objects),
            # Nobody knows what such a file asks for, so nobody knows whether it is there.
            *(SyncStatus.UNKNOWN for _ in observation.desired.unreadable_files),
        ]
    )
    revision = observation.commit.revision
    made = ApplicationStatus(
        sync=sync,
        health=health.status,
        health_message=health.message,
        commit=_commit_record(observation.commit),
        synced_revision=revision if sync is SyncStatus.SYNCED else before.synced_revision,
        reconciled_at=now,
        objects=objects,
        components=components,
        conditions=merge_conditions(before.conditions, conditions, now=now),
        findings=tuple(map(stored, (*observation.desired.findings, *observation.findings))),
    )
    if made.model_copy(update={"reconciled_at": before.reconciled_at}) == before:
        # The same parts, so that the database sees that it has them.
        return before.model_copy(update={"reconciled_at": now})
    return made


def unknown(
    before: ApplicationStatus, condition: tuple[str, str], *, now: datetime
) -> ApplicationStatus:
    """Give the status after a visit that could not compare anything: what was known stays."""
    return before.model_copy(
        update={
            "sync": SyncStatus.UNKNOWN,
            "reconciled_at": now,
            "conditions": merge_conditions(before.conditions, [condition], now=now),
        }
    )


def merge_conditions(
    before: Sequence[Condition], current: Iterable[tuple[str, str]], *, now: datetime
) -> tuple[Condition, ...]:
    """Give conditions as records; one that stood before keeps its time."""
    since = {(c.type, c.message): c.last_transition_time for c in before}
    return tuple(
        Condition(type=kind, message=message, last_transition_time=since.get((kind, message), now))
        for kind, message in dict.fromkeys(current)
    )


def stored(finding: Finding) -> StoredFinding:
    """Give a finding's stored form."""
    return StoredFinding(
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        remedy=finding.remedy,
        file=finding.position.file,
        line=finding.position.line,
        column=finding.position.column,
        definition=str(finding.definition or ""),
        template=str(finding.template or ""),
        cause=str(finding.cause or ""),
    )


def _objects(observation: Observation) -> Iterable[ObjectStatus]:
    plan = observation.plan
    positions = {
        component.id: component.position for component in observation.desired.rendered.components
    }
    steps = [*plan.unchanged, *(step for wave in plan.waves for step in wave)]
    for step in steps:
        found = positions.get(step.component) if step.component else None
        live = _live(step, observation)
        health = _health(live, observation) if live is not None else MISSING
        yield _object_status(step, live, health, sync=_sync(step), position=found or NOWHERE)
    held_back = _held_back(observation)
    for step in (*plan.prunes, *plan.kept):
        live = observation.live.get(step.key)
        if live is not None and step.key not in held_back:
            place = Position(metadata.annotations(live).get(metadata.SOURCE, ""), line=0)
            health = _health(live, observation)
            yield _object_status(step, live, health, sync=SyncStatus.OUT_OF_SYNC, position=place)
    written = {step.key for step in steps}
    yield from _objects_held_back(observation, sorted(held_back - written))


def _health(live: Manifest, observation: Observation) -> Health:
    uid = str((live.get("metadata") or {}).get("uid", ""))
    return pods.explained(observation.judge(live), observation.pods(uid))


def _live(step: Step, observation: Observation) -> Manifest | None:
    """The watched object, or one that exists without our label, which nobody watches."""
    found = observation.live.get(step.key)
    return found if found is not None or step.difference is None else step.difference.live


def _sync(step: Step) -> SyncStatus:
    if step.action is Action.UNCHANGED:
        return SyncStatus.SYNCED
    if step.difference and step.difference.outcome is Outcome.UNDECIDED:
        return SyncStatus.UNKNOWN
    return SyncStatus.OUT_OF_SYNC


def _object_status(
    step: Step, live: Manifest | None, health: Health, *, sync: SyncStatus, position: Position
) -> ObjectStatus:
    shown = step.manifest or live or {}
    return ObjectStatus(
        key=str(step.key),
        api_version=str(shown.get("apiVersion", "")),
        component=str(step.component or metadata.annotations(shown).get(metadata.COMPONENT, "")),
        file=position.file,
        line=position.line,
        sync=sync,
        health=health.status,
        message=(step.difference and step.difference.message) or health.message or step.reason,
        wave=step.wave,
        requires_pruning=step.action in {Action.PRUNE, Action.KEEP},
    )


def _held_back(observation: Observation) -> frozenset[ObjectKey]:
    """Objects of definitions that have errors now: nobody knows whether they are as git wants.

    Their definition may stand in a file that cannot be read at all.
    """
    blocked = {str(definition) for definition, _ in observation.plan.blocked}
    unreadable = observation.desired.unreadable_files
    return frozenset(
        key
        for key, live in observation.live.items()
        if not hooks.is_hook(live)
        and (
            metadata.annotations(live).get(metadata.COMPONENT) in blocked
            or metadata.annotations(live).get(metadata.SOURCE) in unreadable
        )
    )


def _objects_held_back(
    observation: Observation, keys: Iterable[ObjectKey]
) -> Iterable[ObjectStatus]:
    """What an earlier revision of a definition with errors left running: it keeps serving."""
    for key in keys:
        live = observation.live[key]
        component = metadata.annotations(live).get(metadata.COMPONENT, "")
        health = _health(live, observation)
        yield ObjectStatus(
            key=str(key),
            api_version=str(live.get("apiVersion", "")),
            component=component,
            file=metadata.annotations(live).get(metadata.SOURCE, ""),
            sync=SyncStatus.UNKNOWN,
            health=health.status,
            message=health.message or "left as it was: its definition is held back",
        )


def _components(
    observation: Observation, objects: Sequence[ObjectStatus]
) -> Iterable[ComponentStatus]:
    by_component: dict[str, list[ObjectStatus]] = {}
    for item in objects:
        by_component.setdefault(item.component, []).append(item)
    blocked = dict(observation.plan.blocked)
    positions = {
        identity: definition.document.position()
        for identity, definition in observation.desired.catalog.definitions.items()
    }
    for identity in sorted({*positions, *blocked}):
        parts = by_component.get(str(identity), [])
        health = worst(Health(HealthStatus(part.health), part.message) for part in parts)
        retry = observation.retries.get(str(identity))
        reason = blocked.get(identity, "")
        position = positions.get(identity)
        yield ComponentStatus(
            id=str(identity),
            kind=identity.kind,
            namespace=identity.namespace,
            name=identity.name,
            file=position.file if position else "",
            line=position.line if position else 0,
            sync=SyncStatus.UNKNOWN if reason else _worst_sync(part.sync for part in parts),
            health=health.status if parts or not reason else HealthStatus.MISSING,
            message=reason or (retry.message if retry else "") or health.message,
            tries=retry.tries if retry else 0,
            next_try_at=retry.next_at if retry else None,
        )


def _application_health(objects: Sequence[ObjectStatus]) -> Health:
    """The worst of the objects that git asks for, with up to three causes named."""
    healths = [
        (Health(HealthStatus(item.health), item.message), item.key)
        for item in objects
        if not item.requires_pruning
    ]
    result = worst(health for health, _ in healths)
    if result.status is HealthStatus.HEALTHY:
        return result
    causes = [
        f"{key}: {health.message}" if health.message else key
        for health, key in healths
        if health.status is result.status
    ]
    more = f" and {len(causes) - 3} more" if len(causes) > 3 else ""
    return Health(result.status, "; ".join(causes[:3]) + more)


def _conditions(observation: Observation) -> Iterable[tuple[str, str]]:
    errors = [
        found
        for found in observation.desired.findings
        if found.severity is Severity.ERROR and found.cause is None
    ]
    if errors:
        # What is wrong stands in the findings, which are shown beside the conditions.
        files = suggest.counted({finding.position.file for finding in errors})
        noun = "error" if len(errors) == 1 else "errors"
        yield "InvalidDefinition", f"{len(errors)} {noun} in {files}; the findings say what to do."
    for guard in observation.plan.guards:
        yield _condition_type(guard), guard.message


def _condition_type(guard: Guard) -> str:
    return "".join(part.capitalize() for part in guard.rule.split("-"))


def _worst_sync(statuses: Iterable[SyncStatus]) -> SyncStatus:
    return max(statuses, key=_WORST_SYNC.index, default=SyncStatus.SYNCED)


def _commit_record(commit: Commit) -> CommitRecord:
    return CommitRecord(
        revision=commit.revision,
        author=commit.author,
        email=commit.email,
        message=commit.message,
        committed_at=commit.committed_at,
    )

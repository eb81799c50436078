"""Operations as records: begun before the first write, finished after the last, kept in history."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from controller.errors import PermanentError
from controller.objects import Manifest, ObjectKey, metadata
from controller.plan.steps import Plan
from controller.source.snapshot import Commit
from controller.state.records import (
    ApplicationRecord,
    DefinitionChanges,
    ObjectResult,
    Operation,
    OperationPhase,
    Suspension,
    SyncRequest,
)

HISTORY_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why an operation ended before it was done; nothing where it was carried out."""

    error: str = ""
    """What went wrong with the operation as a whole."""
    reason: str = ""
    """Who or what ended it in the middle."""


DONE = Ending()
_WRITES = frozenset({"create", "update", "prune"})
_SKIPPED = "HookSkipped"
FAILED = frozenset({"SyncFailed"})
"""Results of objects after which the operation failed and is tried again."""
UNFINISHED = frozenset({OperationPhase.RUNNING, OperationPhase.TERMINATING})
CUT_SHORT = "The operation was cut short by an error of Roster's own; its log says more."
INTERRUPTED = "The controller stopped in the middle of this operation; it is done again."


def accept(record: ApplicationRecord, request: SyncRequest) -> ApplicationRecord:
    """Give the record with a request to carry out, numbered, in place of an older one."""
    number = record.next_request_id
    return record.model_copy(
        update={
            "request": request.model_copy(update={"id": number}),
            "next_request_id": number + 1,
        }
    )


def begin(
    record: ApplicationRecord,
    commit: Commit,
    *,
    initiated_by: str,
    now: datetime,
    request: SyncRequest | None = None,
) -> ApplicationRecord:
    """Give the record with a running operation; one left over from a crash goes into history."""
    record = close_interrupted(record, now=now)
    operation = Operation(
        id=record.next_operation_id,
        revision=commit.revision,
        author=commit.author,
        message=commit.message.partition("\n")[0],
        initiated_by=initiated_by,
        request_id=request.id if request else 0,
        dry_run=request is not None and request.dry_run,
        resources=request.resources if request else (),
        started_at=now,
    )
    return record.model_copy(update={"operation": operation, "next_operation_id": operation.id + 1})


def bringing(record: ApplicationRecord, definitions: DefinitionChanges | None) -> ApplicationRecord:
    """Give the record with what its running operation changes in the agents' own terms."""
    if record.operation is None:
        return record
    operation = record.operation.model_copy(update={"definitions": definitions})
    return record.model_copy(update={"operation": operation})


def refuse(
    record: ApplicationRecord, request: SyncRequest, reason: str, *, now: datetime
) -> ApplicationRecord:
    """Give the record without a request that can never be carried out, and say so in history."""
    commit = record.status.commit
    operation = Operation(
        id=record.next_operation_id,
        revision=commit.revision if commit else "",
        initiated_by=request.initiated_by,
        request_id=request.id,
        dry_run=request.dry_run,
        phase=OperationPhase.ERROR,
        result_message=reason,
        started_at=now,
        finished_at=now,
    )
    refused = answered(
        record.model_copy(
            update={
                "operation": operation,
                "history": _with(record.history, operation),
                "next_operation_id": operation.id + 1,
            }
        )
    )
    return beside(refused, record) if request.dry_run else refused


def beside(rehearsed: ApplicationRecord, before: ApplicationRecord) -> ApplicationRecord:
    """Give the record with a dry run in its history, and the operation that stood there before.

    That one still tells how the application came to be as it is, whether somebody ended it, and
    whether a crash cut it off.
    """
    return rehearsed.model_copy(update={"operation": before.operation})


def intend(record: ApplicationRecord, keys: AbstractSet[ObjectKey]) -> ApplicationRecord:
    """Give the record with objects added to the inventory, before they are written.

    Written ahead, so that what a crash leaves behind is known (Flux issue 409).
    """
    return record.model_copy(
        update={"inventory": tuple(sorted({*record.inventory, *map(str, keys)}))}
    )


def suspend(record: ApplicationRecord, by: str, now: datetime) -> ApplicationRecord:
    """Give the record suspended; who did it first counts."""
    if record.suspension is not None:
        return record
    return record.model_copy(update={"suspension": Suspension(by=by, since=now)})


def resume(record: ApplicationRecord) -> ApplicationRecord:
    """Give the record without suspension and without a held revision.

    Raises:
        PermanentError: it is suspended where it is written down.
    """
    if record.spec.suspend:
        raise PermanentError(
            f"{record.spec.name} is suspended by its definition.",
            remedy="Remove `suspend: true` from the Application.",
        )
    return record.model_copy(update={"suspension": None, "hold": None})


def terminate(record: ApplicationRecord, by: str, now: datetime) -> ApplicationRecord:
    """Give the record with its operation about to end, and without what was asked for.

    Raises:
        PermanentError: nothing runs and nothing was asked for.
    """
    operation, request = record.operation, record.request
    if operation is not None and operation.phase in UNFINISHED:
        ending = operation.model_copy(
            update={"phase": OperationPhase.TERMINATING, "terminated_by": by}
        )
        return record.model_copy(update={"operation": ending, "request": None})
    if request is not None:
        return refuse(record, request, f"Terminated by {by} before it began.", now=now)
    raise PermanentError(
        f"No operation runs on {record.spec.name}.",
        remedy=f"`roster app history {record.spec.name}` lists those that ended.",
    )


def finish(
    record: ApplicationRecord,
    results: Iterable[ObjectResult],
    *,
    plan: Plan,
    ending: Ending = DONE,
    now: datetime,
) -> ApplicationRecord:
    """Give the record with its operation ended and in history, and the inventory up to date.

    The request behind it stays, until `answered` takes it away.
    """
    if record.operation is None:
        raise ValueError("no operation runs")
    results = tuple(results)
    failed = [result for result in results if result.status in FAILED]
    phase = _phase(failed=bool(failed or ending.reason), error=ending.error, plan=plan)
    operation = record.operation.model_copy(
        update={
            "phase": phase,
            "result_message": ending.error
            or _summary(results, plan, ending, is_dry=record.operation.dry_run),
            "finished_at": now,
            "objects": tuple(result for result in results if result.action != "unchanged"),
        }
    )
    if operation.dry_run:
        return record.model_copy(
            update={"operation": operation, "history": _with(record.history, operation)}
        )
    pruned = {result.key for result in results if result.status == "Pruned" or result.is_gone}
    update: dict[str, object] = {
        "operation": operation,
        "history": _with(record.history, operation),
        "inventory": tuple(key for key in record.inventory if key not in pruned),
    }
    if phase is OperationPhase.SUCCEEDED and not plan.is_partial:
        update["status"] = record.status.model_copy(update={"synced_revision": operation.revision})
    return record.model_copy(update=update)


def answered(record: ApplicationRecord) -> ApplicationRecord:
    """Give the record without the request that its last operation carried out.

    A newer one stays.
    """
    request, operation = record.request, record.operation
    if request is None or operation is None or request.id != operation.request_id:
        return record
    return record.model_copy(update={"request": None})


def inventory(
    record: ApplicationRecord, live: Mapping[ObjectKey, Manifest]
) -> frozenset[ObjectKey]:
    """Give what the application has applied, or is about to.

    A record without any past is a new application or a lost database. For the second, what carries
    our label and the name of a definition is taken back, so that it is neither forgotten nor out
    of reach of pruning, whose guards apply as ever.
    """
    past = [*record.history, *([record.operation] if record.operation else [])]
    if record.inventory or not all(operation.dry_run for operation in past):
        return frozenset(ObjectKey.parse(key) for key in record.inventory)
    return frozenset(
        key for key, found in live.items() if metadata.COMPONENT in metadata.annotations(found)
    )


def close_interrupted(record: ApplicationRecord, *, now: datetime) -> ApplicationRecord:
    """Give the record without a running operation: one that still runs was cut off by a crash."""
    operation = record.operation
    if operation is None or operation.phase not in UNFINISHED:
        return record
    by = operation.terminated_by
    ended = operation.model_copy(
        update={
            "phase": OperationPhase.FAILED if by else OperationPhase.ERROR,
            "result_message": f"Terminated by {by}." if by else INTERRUPTED,
            "finished_at": now,
        }
    )
    return record.model_copy(update={"operation": ended, "history": _with(record.history, ended)})


def _phase(*, failed: bool, error: str, plan: Plan) -> OperationPhase:
    if error:
        return OperationPhase.ERROR
    # Blocked definitions keep the revision from counting as synced, and their neighbours go on.
    return OperationPhase.FAILED if failed or plan.blocked else OperationPhase.SUCCEEDED


def _summary(results: tuple[ObjectResult, ...], plan: Plan, ending: Ending, *, is_dry: bool) -> str:
    failed = [result for result in results if result.status in FAILED]
    written = [result for result in results if _is_written(result)]
    if ending.reason:
        return f"{ending.reason} {len(written)} of {len(results)} objects were written before."
    if failed:
        return f"{len(failed)} of {len(results)} objects failed: {failed[0].message}"
    if plan.blocked:
        definition, reason = plan.blocked[0]
        others = f" (and {len(plan.blocked) - 1} more)" if len(plan.blocked) > 1 else ""
        return f"{definition} is held back{others}: {reason}"
    return f"{len(written)} of {len(results)} objects {'would change' if is_dry else 'changed'}"


def _is_written(result: ObjectResult) -> bool:
    return result.action in _WRITES and result.status not in {*FAILED, _SKIPPED}


def _with(history: tuple[Operation, ...], operation: Operation) -> tuple[Operation, ...]:
    """Put the operation first; one that repeats the failure before it takes its place.

    A sync that fails for an hour with backoff is one entry that counts its tries, not fifty that
    push out everything else.
    """
    if history and _repeats(operation, history[0]):
        first = history[0]
        operation = operation.model_copy(
            update={"started_at": first.started_at, "retry_count": first.retry_count + 1}
        )
        history = history[1:]
    return (operation, *history)[:HISTORY_LIMIT]


def _repeats(operation: Operation, before: Operation) -> bool:
    return (
        operation.phase is not OperationPhase.SUCCEEDED
        and operation.phase == before.phase
        and operation.revision == before.revision
        and operation.initiated_by == before.initiated_by
        and operation.request_id == before.request_id
        and operation.result_message == before.result_message
    )

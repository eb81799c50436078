"""What a person decides over an application's automation: suspend, resume, terminate, windows."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import operationshapes, present, services, shapes
from controller.api.answers import answer
from controller.api.applications import PROBLEMS, ApplicationPath, find, find_operation
from controller.api.caller import Caller
from controller.api.problems import Problem
from controller.reconcile import operations, windows
from controller.reconcile.workqueue import Trigger
from controller.state.records import ApplicationRecord

blueprint = APIBlueprint(
    "automation",
    __name__,
    url_prefix="/api/v1/applications",
    abp_tags=[Tag(name="applications", description="Sync status, operations and findings.")],
)


@blueprint.post(
    "/<name>/suspend", responses={200: shapes.ApplicationShape, 409: Problem, **PROBLEMS}
)
def suspend_application(path: ApplicationPath, header: Caller) -> flask.Response:
    """Sync nothing any more, neither by itself nor by request, until it is resumed."""
    return answer(present.application(suspend(path.name, by=header.name)))


@blueprint.post(
    "/<name>/resume", responses={200: shapes.ApplicationShape, 409: Problem, **PROBLEMS}
)
def resume_application(path: ApplicationPath) -> flask.Response:
    """End a suspension, and the hold of a rollback; what was asked for meanwhile is done now."""
    return answer(present.application(resume(path.name)))


@blueprint.delete(
    "/<name>/operation", responses={202: shapes.ApplicationShape, 409: Problem, **PROBLEMS}
)
def terminate_operation(path: ApplicationPath, header: Caller) -> flask.Response:
    """End the operation that runs, after the writes that are under way."""
    return answer(present.application(terminate(path.name, by=header.name)), status=202)


@blueprint.get("/<name>/syncwindows", responses={200: shapes.SyncWindowsShape, **PROBLEMS})
def list_windows(path: ApplicationPath) -> flask.Response:
    """Tell which sync windows there are, which are open, and what that means now."""
    return answer(sync_windows(find(path.name)))


class RevertBody(pydantic.BaseModel):
    """What the branch is to say, and its name."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", strict=True, json_schema_extra={"additionalProperties": False}
    )

    id: Annotated[int, pydantic.Field(ge=1, description="An operation, as the history counts.")]
    branch: Annotated[
        str,
        pydantic.Field(
            max_length=255,
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._/+@-]*$",
            description="Name of a branch that does not exist.",
        ),
    ]


@blueprint.post(
    "/<name>/revert",
    responses={201: operationshapes.RevertShape, 409: Problem, 503: Problem, **PROBLEMS},
)
def revert_application(path: ApplicationPath, body: RevertBody) -> flask.Response:
    """Push a new branch on which the application's folder is as it was in an operation."""
    record = find(path.name)
    operation = find_operation(record, body.id)
    commit = services.current().revert(record, operation, body.branch)
    return answer(operationshapes.RevertShape(branch=body.branch, revision=commit), status=201)


def suspend(name: str, *, by: str) -> ApplicationRecord:
    """Suspend an application."""
    return _decide(name, lambda record: operations.suspend(record, by, datetime.now(UTC)))


def resume(name: str) -> ApplicationRecord:
    """Resume an application.

    Raises:
        PermanentError: its definition says that it is suspended.
    """
    return _decide(name, operations.resume)


def terminate(name: str, *, by: str) -> ApplicationRecord:
    """Terminate the operation of an application.

    Raises:
        PermanentError: none runs.
    """
    return _decide(name, lambda record: operations.terminate(record, by, datetime.now(UTC)))


def sync_windows(record: ApplicationRecord) -> shapes.SyncWindowsShape:
    """Give the windows of an application as they are now."""
    now = datetime.now(UTC)
    assigned = record.spec.sync_policy.windows
    by_itself = windows.judge(assigned, is_manual=False, now=now)
    return shapes.SyncWindowsShape(
        active_windows=[present.window(w) for w in assigned if windows.active_until(w, now)],
        assigned_windows=[present.window(w) for w in assigned],
        can_sync=windows.judge(assigned, is_manual=True, now=now).may_sync,
        can_auto_sync=by_itself.may_sync,
        reason=by_itself.reason,
        changes_at=by_itself.changes_at,
    )


def _decide(
    name: str, change: Callable[[ApplicationRecord], ApplicationRecord]
) -> ApplicationRecord:
    find(name)
    given = services.current()
    record = given.store.update(name, change)
    given.queue.add(name, trigger=Trigger.MANUAL)
    return record

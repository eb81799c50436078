"""`/api/v1/applications`: list, get, sync, history, findings, in Argo CD's shapes."""

from datetime import UTC, datetime
from typing import Annotated

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict

from controller.api import operationshapes, present, previews, semantics, services, shapes
from controller.api.answers import PageQuery, answer, page
from controller.api.caller import Caller
from controller.api.problems import Problem, ProblemError, not_found
from controller.api.stream import token
from controller.api.syncbody import SyncBody
from controller.health import HealthStatus
from controller.reconcile import windows
from controller.state.records import ApplicationRecord, Operation, SyncStatus

PROBLEMS: ResponseDict = {400: Problem, 404: Problem}

_NEWEST = 10**12
"""More than any operation's number: the newest sort first."""

blueprint = APIBlueprint(
    "applications",
    __name__,
    url_prefix="/api/v1/applications",
    abp_tags=[Tag(name="applications", description="Sync status, operations and findings.")],
)


class ApplicationPath(pydantic.BaseModel):
    """Names an application."""

    name: str


class ListQuery(PageQuery):
    """Which applications are wanted."""

    sync: list[SyncStatus] = pydantic.Field(
        default_factory=list, description="Only those with one of these sync statuses."
    )
    health: list[HealthStatus] = pydantic.Field(
        default_factory=list, description="Only those with one of these healths."
    )


class RollbackBody(pydantic.BaseModel):
    """Which operation to go back to."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", strict=True, json_schema_extra={"additionalProperties": False}
    )

    id: Annotated[int, pydantic.Field(ge=1, description="As the history counts them.")]
    prune: Annotated[
        bool | None, pydantic.Field(description="Instead of the application's policy.")
    ] = None


def find(name: str) -> ApplicationRecord:
    """Give the record of an application.

    Raises:
        ProblemError: 404, also for what the caller may not see.
    """
    record = services.current().store.application(name)
    if record is None:
        raise not_found()
    return record


def find_operation(record: ApplicationRecord, number: int) -> Operation:
    """Give an operation of the history whose revision one can go back to.

    Raises:
        ProblemError: 404, also for a dry run, and for one that was refused before there was any
            revision.
    """
    for operation in record.history:
        if operation.id == number and operation.revision and not operation.dry_run:
            return operation
    raise not_found(f"operation {number} in the history of {record.spec.name}")


def all_by_name() -> list[ApplicationRecord]:
    """Give every application that the caller may see, by name."""
    return sorted(services.current().store.applications(), key=lambda record: record.spec.name)


@blueprint.get("", responses={200: shapes.ApplicationListShape, 400: Problem})
def list_applications(query: ListQuery) -> flask.Response:
    """List applications by name, without their objects and history."""
    chosen = [
        record
        for record in all_by_name()
        if (not query.sync or record.status.sync in query.sync)
        and (not query.health or record.status.health in query.health)
    ]
    shown = page(chosen, query, key=lambda record: record.spec.name, version=versions_token(chosen))
    items = [present.brief_application(record) for record in shown.items]
    return answer(shapes.ApplicationListShape(metadata=shown.metadata, items=items))


@blueprint.get("/<name>", responses={200: shapes.ApplicationShape, **PROBLEMS})
def get_application(path: ApplicationPath) -> flask.Response:
    """Give an application with its objects, operation, history, conditions and findings."""
    return answer(present.application(find(path.name)))


@blueprint.post(
    "/<name>/sync",
    responses={202: shapes.ApplicationShape, 409: Problem, **PROBLEMS},
)
def sync_application(path: ApplicationPath, body: SyncBody, header: Caller) -> flask.Response:
    """Ask for a sync, or with `dryRun` for what it would do, and answer at once."""
    find(path.name)
    return answer(
        present.application(request_sync(path.name, body, initiated_by=header.name)), status=202
    )


@blueprint.get("/<name>/diff", responses={200: semantics.DiffShape, 409: Problem, **PROBLEMS})
def diff_application(path: ApplicationPath) -> flask.Response:
    """Give what a sync would do now: to the agents in their own terms, and to each object."""
    find(path.name)
    plan = previews.plan(services.current().plan(path.name, None))
    found, problem = semantics.since_synced(path.name)
    return answer(
        semantics.DiffShape(
            **dict(plan),
            semantic=semantics.answer(found) if found else None,
            semantic_problem=problem,
        )
    )


_Revision = Annotated[
    str,
    pydantic.Field(
        max_length=255,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$",
        description="Commit, branch or tag; one with a slash in its name by its commit.",
    ),
]


class RevisionsPath(ApplicationPath):
    """Names two revisions of an application's repository."""

    before: _Revision
    after: _Revision


@blueprint.get(
    "/<name>/revisions/<before>/diff/<after>",
    responses={200: semantics.SemanticShape, 409: Problem, **PROBLEMS},
)
def diff_revisions(path: RevisionsPath) -> flask.Response:
    """Give what changed between two revisions of the repository, in the agents' own terms."""
    find(path.name)
    found = services.current().semantic(path.name, path.before, path.after)
    return answer(semantics.answer(found))


@blueprint.get("/<name>/history", responses={200: operationshapes.OperationsShape, **PROBLEMS})
def list_operations(path: ApplicationPath, query: PageQuery) -> flask.Response:
    """List the operations of an application, newest first, whatever came of them."""
    record = find(path.name)
    shown = page(
        record.history,
        query,
        key=lambda item: f"{_NEWEST - item.id:012d}",
        version=present.version(record),
    )
    items = [present.operation_record(item) for item in shown.items]
    return answer(operationshapes.OperationsShape(metadata=shown.metadata, items=items))


@blueprint.get("/<name>/findings", responses={200: shapes.FindingsShape, **PROBLEMS})
def list_findings(path: ApplicationPath) -> flask.Response:
    """List what is wrong in the repository at the compared revision, by file and line."""
    status = find(path.name).status
    return answer(
        shapes.FindingsShape(
            revision=status.commit.revision if status.commit else "",
            items=[present.finding(item) for item in status.findings],
        )
    )


@blueprint.post(
    "/<name>/rollback", responses={202: shapes.ApplicationShape, 409: Problem, **PROBLEMS}
)
def roll_back(path: ApplicationPath, body: RollbackBody, header: Caller) -> flask.Response:
    """Apply the revision of an operation in the history, and hold it until the next commit."""
    operation = find_operation(find(path.name), body.id)
    revision = SyncBody(revision=operation.revision, prune=body.prune)
    by = f"{header.name} (rollback to {body.id})"
    asked = request_sync(path.name, revision, initiated_by=by)
    return answer(present.application(asked), status=202)


def request_sync(name: str, body: SyncBody, *, initiated_by: str) -> ApplicationRecord:
    """Hand a sync to the reconciler, and give the application with the request in it.

    Raises:
        ProblemError: the application is suspended, or a sync window forbids it.
    """
    _check_may_sync(find(name))
    return services.current().sync(
        name,
        body.request(initiated_by=initiated_by),
    )


def _check_may_sync(record: ApplicationRecord) -> None:
    name = record.spec.name
    if record.is_suspended:
        raise ProblemError(
            409,
            "Suspended",
            f"{name} is suspended.",
            remedy=f"Resume it first: roster app resume {name}.",
        )
    verdict = windows.judge(record.spec.sync_policy.windows, is_manual=True, now=datetime.now(UTC))
    if not verdict.may_sync:
        raise ProblemError(
            409,
            "SyncWindow",
            f"{name} cannot be synced: {verdict.reason}.",
            remedy="Wait, or let people through with `manualSync: true` in the window.",
        )


def versions_token(records: list[ApplicationRecord]) -> str:
    """Give a text that changes whenever one of the applications does: streams know it too."""
    return token({record.spec.name: present.version(record) for record in records})

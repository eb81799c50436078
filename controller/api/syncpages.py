"""Pages on which a person steers an application: sync, roll back, revert in git.

Each says what it will do before it does it. With scripts they open as dialogs over the page that
one came from; without, they are pages of their own.
"""

import urllib.parse
from collections.abc import Iterable

import flask
import pydantic
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from controller.api import (
    automation,
    pages,
    planshapes,
    previews,
    semantics,
    services,
    syncforms,
)
from controller.api.applications import find, find_operation, request_sync, versions_token
from controller.api.dashboard import blueprint, page, stream
from controller.api.inspection import operation_page
from controller.api.pages import ComponentRow
from controller.api.problems import ProblemError, not_found
from controller.api.syncbody import SyncBody
from controller.diff.semantic.change import SemanticDiff
from controller.errors import RosterError
from controller.state.records import (
    ApplicationRecord,
    ComponentStatus,
    ObjectStatus,
    Operation,
    SyncRequest,
)
from controller.telemetry import redact

__all__ = ["blueprint"]

OBJECTS = 400
"""Objects that one can tick: more of them nobody reads, and the page would weigh a megabyte."""
_LONGEST_QUERY = 1500


@blueprint.get("/applications/<name>/sync")
def sync_dialog(name: str) -> flask.Response:
    """Ask what to sync, and how."""
    record = find(name)
    rows = _rows(record)
    given = syncforms.Given(flask.request.args, prunes=record.spec.sync_policy.prune)
    return page(
        "sync.html",
        record=record,
        given=given,
        choices=syncforms.CHOICES,
        rows=_shown(rows, given),
        total=sum(len(row.objects) for row in rows),
    )


@blueprint.post("/applications/<name>/sync")
def sync(name: str) -> Response:
    """Ask for a sync, and go to the page that follows it."""
    record = find(name)
    form = flask.request.form
    body = syncforms.body(form, _rows(record))
    asked = request_sync(name, body, initiated_by="dashboard")
    return _follow(asked, form, is_dry=body.dryRun)


@blueprint.get("/applications/<name>/requests/<int:number>")
def request_outcome(name: str, number: int) -> flask.Response:
    """Show what came of a request, from the moment it was made."""
    record = find(name)
    found = _operation_of(record, number)
    if found is not None:
        return operation_page(record, found, again=_again(name))
    if number >= record.next_request_id:
        raise not_found("request")
    is_waiting = record.request is not None and record.request.id == number
    return page(
        "request.html",
        record=record,
        number=number,
        is_waiting=is_waiting,
        stream=stream(versions_token([record]), name=name),
    )


@blueprint.get("/applications/<name>/operations/<int:number>/rollback")
def rollback_dialog(name: str, number: int) -> flask.Response:
    """Say what a rollback would do."""
    record = find(name)
    item = find_operation(record, number)
    plan, problem = _plan(name, SyncRequest(revision=item.revision))
    changes, unknown = _semantic(name, record.status.synced_revision, item.revision)
    return page(
        "rollback.html",
        record=record,
        item=item,
        plan=plan,
        problem=problem,
        changes=semantics.lines(changes) if changes and changes.changes else [],
        unknown=unknown,
    )


@blueprint.post("/applications/<name>/operations/<int:number>/rollback")
def rollback(name: str, number: int) -> Response:
    """Apply the revision of an operation again, and hold it."""
    item = find_operation(find(name), number)
    form = flask.request.form
    body = SyncBody(
        revision=item.revision,
        prune=bool(form.get("prune")),
        confirmed=bool(form.get("confirmed")),
        dryRun=bool(form.get("dry_run")),
    )
    asked = request_sync(name, body, initiated_by=f"dashboard (rollback to {number})")
    return _follow(asked, MultiDict({"revision": item.revision}), is_dry=body.dryRun)


@blueprint.get("/applications/<name>/operations/<int:number>/revert")
def revert_dialog(name: str, number: int) -> flask.Response:
    """Say what a revert in git would do."""
    record = find(name)
    return _revert_page(record, find_operation(record, number))


@blueprint.post("/applications/<name>/operations/<int:number>/revert")
def revert(name: str, number: int) -> flask.Response:
    """Push a branch that says in git what an operation applied."""
    record = find(name)
    item = find_operation(record, number)
    try:
        asked = automation.RevertBody(
            id=number, branch=flask.request.form.get("branch", "").strip()
        )
    except pydantic.ValidationError as error:
        raise ProblemError(
            400,
            "BadRequest",
            "That is no name for a branch.",
            remedy="Use one such as 'revert-triage'.",
        ) from error
    commit = services.current().revert(record, item, asked.branch)
    return _revert_page(record, item, branch=asked.branch, commit=commit)


def _revert_page(
    record: ApplicationRecord, item: Operation, *, branch: str = "", commit: str = ""
) -> flask.Response:
    newest = _newest(record)
    changes, unknown = (None, "") if commit else _semantic(record.spec.name, newest, item.revision)
    return page(
        "revert.html",
        record=record,
        item=item,
        newest=newest,
        branch=branch or f"revert-{record.spec.name}-to-{item.revision[:7]}",
        commit=commit,
        changes=semantics.lines(changes) if changes and changes.changes else [],
        unknown=unknown,
    )


def _newest(record: ApplicationRecord) -> str:
    """Give the commit at the tip of the target, also while an earlier one is held."""
    if record.hold is not None:
        return record.hold.instead_of
    return record.status.commit.revision if record.status.commit else ""


def _follow(asked: ApplicationRecord, form: syncforms.Form, *, is_dry: bool) -> Response:
    """Go to the outcome of a dry run, and back to the application that a sync changes."""
    name = asked.spec.name
    if not is_dry or asked.request is None:
        return flask.redirect(flask.url_for(".application", name=name, notice="sync"), code=303)
    kept = [(key, value) for key, value in form.items(multi=True) if key != "dry_run" and value]
    query = urllib.parse.urlencode(kept)
    address = flask.url_for(".request_outcome", name=name, number=asked.request.id)
    fits = 0 < len(query) <= _LONGEST_QUERY
    return flask.redirect(f"{address}?{query}" if fits else address, code=303)


def _again(name: str) -> str:
    """Give the dialog's address, filled in as the dry run was."""
    query = flask.request.query_string.decode()
    address = flask.url_for(".sync_dialog", name=name)
    return f"{address}?{query}" if query else address


def _operation_of(record: ApplicationRecord, request: int) -> Operation | None:
    """Give the last operation that carried out a request."""
    known = [*([record.operation] if record.operation else []), *record.history]
    found = [item for item in known if item.request_id == request]
    return max(found, key=lambda item: item.id, default=None)


def _plan(name: str, request: SyncRequest) -> tuple[planshapes.PlanShape | None, str]:
    """Give what a sync would do, or why that cannot be told: one may want it all the same."""
    try:
        return previews.plan(services.current().plan(name, request)), ""
    except RosterError as error:
        return None, redact(str(error))


def _semantic(name: str, before: str, after: str) -> tuple[SemanticDiff | None, str]:
    if not before or before == after:
        return None, ""
    try:
        return services.current().semantic(name, before, after), ""
    except RosterError as error:
        return None, redact(str(error))


def _rows(record: ApplicationRecord) -> tuple[ComponentRow, ...]:
    """Give definitions with their objects, and those that left git below a line of their own."""
    orphans = pages.orphans(record)
    if not orphans:
        return pages.rows(record)
    left = ComponentStatus(id="", kind="", namespace="", name="No longer in git")
    return (*pages.rows(record), ComponentRow(left, orphans))


def _shown(rows: Iterable[ComponentRow], given: syncforms.Given) -> list[ComponentRow]:
    """Give what one can tick, within reason: what is ticked or out of sync comes first."""

    def is_wanted(item: ObjectStatus) -> bool:
        return item.key in given.objects

    with_objects = [row for row in rows if row.objects]
    first = sorted(
        with_objects,
        key=lambda row: not (row.needs_attention or any(map(is_wanted, row.objects))),
    )
    shown: list[ComponentRow] = []
    count = 0
    for row in first:
        count += len(row.objects)
        if count > OBJECTS and shown:
            break
        shown.append(row)
    return [row for row in with_objects if row in shown]

"""The dashboard: pages that read well without JavaScript and refresh themselves with it."""

import urllib.parse
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import flask
import pydantic
import yaml
from werkzeug.wrappers import Response

from controller.api import links, nodes, pages, present, previews, semantics, services
from controller.api.answers import tagged
from controller.api.applications import (
    SyncBody,
    all_by_name,
    find,
    request_sync,
    versions_token,
)
from controller.api.problems import ProblemError, not_found
from controller.api.resources import states
from controller.objects import Manifest, ObjectKey
from controller.state.records import ApplicationRecord, ObjectStatus
from controller.telemetry import redact

blueprint = flask.Blueprint("dashboard", __name__)

NOTICES = {"sync": "Sync requested. This page follows it."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which applications the first page shows."""

    sync: str
    health: str

    def takes(self, record: ApplicationRecord) -> bool:
        """Tell whether an application is to be shown."""
        return self.sync in {"", record.status.sync} and self.health in {"", record.status.health}


@blueprint.get("/")
def applications() -> flask.Response:
    """Show every application, those that need somebody first."""
    records = all_by_name()
    chosen = Filter(
        sync=flask.request.args.get("sync", ""), health=flask.request.args.get("health", "")
    )
    return _page(
        "applications.html",
        records=pages.worst_first(record for record in records if chosen.takes(record)),
        total=len(records),
        chosen=chosen,
        syncs=pages.counted(record.status.sync for record in records),
        healths=pages.counted(record.status.health for record in records),
        refresh=flask.request.full_path,
        stream=_stream(versions_token(records)),
    )


@blueprint.get("/applications/<name>")
def application(name: str) -> flask.Response:
    """Show one application: status, commit, findings, components with objects, history."""
    record = find(name)
    return _page(
        "application.html",
        record=record,
        groups=pages.groups(record),
        orphans=pages.orphans(record),
        findings=pages.findings(record),
        healths=pages.counted(item.health for item in record.status.objects),
        notice=NOTICES.get(flask.request.args.get("notice", "")),
        stream=_stream(versions_token([record]), name=name),
    )


@blueprint.post("/applications/<name>/sync")
def sync(name: str) -> Response:
    """Ask for a sync, and go back to the page that follows it."""
    find(name)
    form = flask.request.form
    try:
        body = SyncBody(
            revision=form.get("revision", "").strip() or None,
            prune=True if form.get("prune") else None,
            confirmed=bool(form.get("confirmed")),
        )
    except pydantic.ValidationError as error:
        raise ProblemError(
            400,
            "BadRequest",
            "The revision is not a commit, branch or tag.",
            remedy="Leave it empty for the application's own target.",
        ) from error
    request_sync(name, body, initiated_by="dashboard")
    return flask.redirect(flask.url_for(".application", name=name, notice="sync"), code=303)


@blueprint.get("/applications/<name>/diff")
def preview(name: str) -> flask.Response:
    """Show what a sync would do now: to the agents in their own terms, then to each object."""
    record = find(name)
    plan = previews.plan(services.current().plan(name))
    found, problem = semantics.since_synced(name)
    return _page(
        "preview.html",
        record=record,
        plan=plan,
        changes=semantics.lines(found) if found and found.changes else [],
        problem=problem,
    )


@blueprint.get("/applications/<name>/revisions/<before>/diff/<after>")
def revisions(name: str, before: str, after: str) -> flask.Response:
    """Show what changed between two revisions, in the agents' own terms."""
    record = find(name)
    found = services.current().semantic(name, before, after)
    return _page("revisions.html", record=record, diff=found, changes=semantics.lines(found))


@blueprint.get("/applications/<name>/objects/<path:key>")
def managed_object(name: str, key: str) -> flask.Response:
    """Show one object of an application: what differs, and both manifests, masked."""
    record = find(name)
    item = _find_object(record, key)
    difference, live = states(record, item)
    return _page(
        "object.html",
        record=record,
        item=item,
        key=ObjectKey.parse(item.key),
        desired=_yaml(difference.desired if difference else None),
        live=_yaml(live),
        diff=pages.diff_lines(nodes.diff(item, difference)),
        stream=_stream(versions_token([record]), name=name),
    )


def _find_object(record: ApplicationRecord, key: str) -> ObjectStatus:
    """Give an object only where it belongs to the application (GHSA-3v3m-wc6v-x4x3)."""
    found = next((item for item in record.status.objects if item.key == key), None)
    if found is None:
        raise not_found("object")
    return found


def _yaml(manifest: Manifest | None) -> str:
    if manifest is None:
        return ""
    text: str = yaml.dump(
        present.safe(manifest), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True
    )
    return text


def _stream(token: str, *, name: str | None = None) -> str:
    """Give the address of the stream that tells when this page is out of date."""
    given = {"since": token, **({"name": name} if name else {})}
    return f"/api/v1/stream/applications?{urllib.parse.urlencode(given)}"


def _page(template: str, **values: Any) -> flask.Response:
    html = flask.render_template(template, **values)
    return tagged(flask.make_response(html))


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    """Give templates what they format with."""
    now = datetime.now(UTC)
    return {
        "ago": lambda moment: pages.ago(moment, now),
        "commit_url": links.commit_url,
        "duration": pages.duration,
        "file_url": links.file_url,
        "redact": redact,
        "summary": present.summary,
        "version": services.current().version,
        "web_url": links.web_url,
        "diff_lines": pages.diff_lines,
        "diff_summary": pages.diff_summary,
        "yaml_parts": pages.yaml_parts,
        "with_code": pages.with_code,
        "place_of": links.display,
        "object_key": ObjectKey.parse,
        "first_line": lambda text: text.strip().partition("\n")[0],
    }

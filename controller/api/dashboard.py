"""The dashboard: pages that read well without JavaScript and refresh themselves with it."""

import urllib.parse
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import flask
from werkzeug.wrappers import Response

from controller.api import (
    automation,
    links,
    nodes,
    pages,
    present,
    previews,
    semantics,
    services,
    tree,
)
from controller.api.answers import tagged
from controller.api.applications import (
    all_by_name,
    find,
    versions_token,
)
from controller.api.resources import sight
from controller.objects import ObjectKey
from controller.state.records import ApplicationRecord
from controller.telemetry import redact

blueprint = flask.Blueprint("dashboard", __name__)

APPLICATIONS = 50
DEFINITIONS = 50
"""Rows of a page: what a reader scrolls through, and a browser lays out at once."""
_LONGEST = 200
NOTICES = {
    "sync": "Sync requested. This page follows it.",
    "suspend": "Suspended: nothing is synced until you resume it.",
    "resume": "Resumed.",
    "terminate": "The operation ends after the writes that are under way.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which applications the first page shows."""

    sync: str
    health: str
    text: str

    def takes(self, record: ApplicationRecord) -> bool:
        """Tell whether an application is to be shown."""
        words = f"{record.spec.name} {record.spec.namespace} {record.spec.repo_url}".lower()
        return (
            self.sync in {"", record.status.sync}
            and self.health in {"", record.status.health}
            and all(word in words for word in self.text.lower().split())
        )


@blueprint.get("/")
def applications() -> flask.Response:
    """Show applications, those that need somebody first."""
    records = all_by_name()
    chosen = Filter(sync=argument("sync"), health=argument("health"), text=argument("q"))
    found = pages.worst_first(record for record in records if chosen.takes(record))
    return page(
        "applications.html",
        listing=pages.listing(found, argument("page"), size=APPLICATIONS),
        total=len(records),
        chosen=chosen,
        syncs=pages.counted(record.status.sync for record in records),
        healths=pages.counted(record.status.health for record in records),
        stream=stream(versions_token(records)),
    )


def searched(record: ApplicationRecord) -> pages.Search:
    """Give the definitions that the reader of a page looks for."""
    finder = pages.Finder(text=argument("q"), show=argument("show") or "all")
    return pages.search(record, finder, argument("page"), size=DEFINITIONS)


@blueprint.get("/applications/<name>")
def application(name: str) -> flask.Response:
    """Show one application: status, commit, findings, and definitions with their objects."""
    record = find(name)
    found = searched(record)
    seen, orphans = sight(), pages.orphans(record)
    return page(
        "application.html",
        record=record,
        finder=found.finder,
        listing=found.listing,
        groups=pages.groups(found.listing.items),
        totals=pages.totals(found.rows),
        attention=found.attention,
        branches=lambda row: tree.workloads_first(
            tree.of_object(item, seen) for item in row.objects
        ),
        orphans=orphans,
        orphan_branches=[tree.of_object(item, seen) for item in orphans[:DEFINITIONS]],
        findings=pages.findings(record),
        healths=pages.counted(item.health for item in record.status.objects),
        notice=NOTICES.get(argument("notice")),
        stream=stream(versions_token([record]), name=name),
    )


@blueprint.post("/applications/<name>/<any(suspend, resume, terminate):verb>")
def decide(name: str, verb: str) -> Response:
    """Suspend, resume or terminate, and go back to the page that shows it."""
    match verb:
        case "suspend":
            automation.suspend(name, by="dashboard")
        case "resume":
            automation.resume(name)
        case _:
            automation.terminate(name, by="dashboard")
    return flask.redirect(flask.url_for(".application", name=name, notice=verb), code=303)


@blueprint.get("/applications/<name>/diff")
def preview(name: str) -> flask.Response:
    """Show what a sync would do now: to the agents in their own terms, then to each object."""
    record = find(name)
    plan = previews.plan(services.current().plan(name, None))
    found, problem = semantics.since_synced(name)
    return page(
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
    return page("revisions.html", record=record, diff=found, changes=semantics.lines(found))


def argument(name: str) -> str:
    """Give an argument of the page's address, cut to a length that a person types."""
    return flask.request.args.get(name, "")[:_LONGEST]


def here(**changed: Any) -> str:
    """Give the address of this page with some of its arguments changed."""
    kept = {name: value for name, value in flask.request.args.items() if name != "notice"}
    given = {name: value for name, value in {**kept, **changed}.items() if value}
    query = urllib.parse.urlencode(given)
    return f"{flask.request.path}?{query}" if query else flask.request.path


def stream(token: str, *, name: str | None = None) -> str:
    """Give the address of the stream that tells when this page is out of date."""
    given = {"since": token, **({"name": name} if name else {})}
    return f"/api/v1/stream/applications?{urllib.parse.urlencode(given)}"


def page(template: str, **values: Any) -> flask.Response:
    """Give a page, with an entity tag; with a stream in its values it refreshes itself."""
    html = flask.render_template(template, refresh=here(), **values)
    return tagged(flask.make_response(html))


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    """Give templates what they format with."""
    now = datetime.now(UTC)
    return {
        "ago": lambda moment: pages.ago(moment, now),
        "commit_url": links.commit_url,
        "duration": pages.duration,
        "title_of": present.title,
        "file_url": links.file_url,
        "redact": redact,
        "summary": present.summary,
        "version": services.current().version,
        "web_url": links.web_url,
        "diff_lines": pages.diff_lines,
        "diff_summary": pages.diff_summary,
        "yaml_parts": pages.yaml_parts,
        "with_code": pages.with_code,
        "can_go_back": pages.can_go_back,
        "place_of": links.display,
        "short_hashes": pages.short_hashes,
        "node_info": nodes.info,
        "with_page": lambda number: here(page=number),
        "object_key": ObjectKey.parse,
        "first_line": lambda text: text.strip().partition("\n")[0],
    }

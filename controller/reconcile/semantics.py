"""What revisions change in the agents' own terms: any two of them, and what an operation brings."""

from dataclasses import dataclass

import structlog

from controller.diff.semantic.change import Change, SemanticDiff
from controller.diff.semantic.compare import NOTHING, compare
from controller.errors import PermanentError, RosterError
from controller.reconcile.revisions import Revision, Revisions
from controller.state.records import ApplicationRecord, DefinitionChange, DefinitionChanges
from controller.state.store import Store

MOST_STORED = 12
"""Changes kept with an operation: what a reader of the history wants to know at a glance."""
_LONGEST_SUMMARY = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Semantics:
    """Compares revisions of applications."""

    store: Store
    revisions: Revisions

    def between(self, name: str, before: str | None, after: str | None) -> SemanticDiff:
        """Compare two revisions of an application.

        Args:
            name: of the application.
            before: commit, branch or tag; None for what was last synced: the live side.
            after: the same; None for the revision that the application is compared with.

        Raises:
            RosterError: there is no such application or revision, or it cannot be had.
        """
        record = self.store.application(name)
        if record is None:
            raise PermanentError(f"There is no application {name!r}.")
        if after is None:
            current = self.revisions.current(record, refresh=False)
            new_id, new = current.commit.revision, current.desired.catalog
        else:
            new_id, new = self.revisions.definitions(record, after)
        target = before or record.status.synced_revision
        old_id, old = self.revisions.definitions(record, target) if target else ("", NOTHING)
        return compare(old, new, before_name=old_id, after_name=new_id)


def of_operation(
    revisions: Revisions, record: ApplicationRecord, revision: Revision
) -> DefinitionChanges | None:
    """Tell what an operation at a revision brings; None where it brings no new revision.

    The first operation of an application brings everything, which says nothing. That the earlier
    revision cannot be had, after a push by force, is no reason not to sync.
    """
    since = record.status.synced_revision
    if not since or since == revision.commit.revision:
        return None
    try:
        _, before = revisions.definitions(record, since)
    except RosterError as error:
        log.info("definitions_not_compared", revision=since, error=str(error))
        return None
    changes = compare(before, revision.desired.catalog).changes
    return DefinitionChanges(
        since=since, total=len(changes), most_important=tuple(map(_stored, changes[:MOST_STORED]))
    )


def _stored(change: Change) -> DefinitionChange:
    summary = change.summary
    if len(summary) > _LONGEST_SUMMARY:
        summary = f"{summary[:_LONGEST_SUMMARY]}…"
    return DefinitionChange(
        kind=change.kind,
        severity=change.severity,
        definition=str(change.definition),
        file=change.position.file,
        line=change.position.line,
        summary=summary,
        agents=len(change.agents),
        reaches=len(change.reaches),
    )

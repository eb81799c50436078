"""Where a definition stands in git, and which commit last changed it, as an answer."""

from controller.api import objectshapes, services, shapes
from controller.state.records import ApplicationRecord, ObjectStatus


def shape(record: ApplicationRecord, item: ObjectStatus) -> objectshapes.OriginShape | None:
    """Give the origin of an object; None for one that is not in git."""
    if not item.file or not item.line:
        return None
    found = services.current().origin(record, item.component)
    commit = found.commit
    return objectshapes.OriginShape(
        file=item.file,
        line=item.line,
        commit=shapes.CommitShape(
            revision=commit.revision,
            author=commit.author,
            message=commit.message,
            date=commit.committed_at,
        )
        if commit
        else None,
        message=found.problem,
    )

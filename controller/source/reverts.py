"""A commit that brings folders of a repository back to what they were, for a branch of its own.

Made in the mirror from trees alone: nothing is checked out, and contents need not be here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.errors import PermanentError
from controller.source import references, tree
from controller.source.mirror import Mirror

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Roster",
    "GIT_AUTHOR_EMAIL": "roster@localhost",
    "GIT_COMMITTER_NAME": "Roster",
    "GIT_COMMITTER_EMAIL": "roster@localhost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert:
    """What is to be made."""

    newest: str
    """The commit on which it is made."""
    old: str
    """The commit whose folders come back."""
    paths: Sequence[str]
    """Normal paths of the folders; "" is the whole repository."""
    branch: str
    message: str


def check_branch(branch: str) -> None:
    """Refuse what is no name of a branch.

    Raises:
        PermanentError: names it.
    """
    references.check(branch)
    if branch.startswith("refs/") or branch == "HEAD":
        raise PermanentError(
            f"{branch!r} is no name for a new branch.", remedy="Use one such as 'revert-triage'."
        )


def make(mirror: Mirror, revert: Revert) -> str:
    """Make the commit in the mirror, and give its id.

    Raises:
        PermanentError: the folders are as they were.
    """
    before = tree.list_entries(mirror, revert.newest, [""])
    entries = [entry for entry in before if not _is_below(entry.path, revert.paths)]
    entries += tree.list_entries(mirror, revert.old, revert.paths)
    if sorted(entries, key=_path) == sorted(before, key=_path):
        raise PermanentError(
            f"The repository is at {revert.newest[:7]} as it was at {revert.old[:7]}.",
            remedy="There is nothing to revert.",
        )
    listing = b"".join(entry.line() for entry in entries)
    return mirror.commit(listing, parent=revert.newest, message=revert.message, who=_IDENTITY)


def _path(entry: tree.Entry) -> str:
    return entry.path


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(not folder or path.startswith(f"{folder}/") for folder in folders)

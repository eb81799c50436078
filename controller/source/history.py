"""Who changed what, when: commits, changed files, and the commit behind a file."""

from datetime import datetime

from controller.source.mirror import Mirror
from controller.source.snapshot import Commit, Lines

_FORM = "--format=%H%x00%an%x00%ae%x00%cI%x00%B"
_DEPTHS = (50, 500, None)
"""How far back to look for a file's last change: a little, a lot, everything."""


def commit(mirror: Mirror, revision: str) -> Commit:
    """Give one commit that has been fetched."""
    return _commit(mirror.read("log", "-1", "--no-mailmap", "--encoding=UTF-8", _FORM, revision))


def changed_files(mirror: Mirror, before: str, after: str) -> tuple[str, ...]:
    """Give the paths that differ between two commits that have been fetched, sorted."""
    listing = mirror.read("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)
    return tuple(sorted(name.decode(errors="replace") for name in listing.split(b"\0") if name))


def last_change(
    mirror: Mirror, revision: str, file: str, lines: Lines | None = None
) -> Commit | None:
    """Give the newest commit up to the revision that touched the file, or lines of it.

    History is fetched as far back as it takes, and for lines the contents of the file on the way,
    where they were left out. None if no commit has touched it.
    """
    for depth in _DEPTHS:
        mirror.deepen(revision, depth)
        found = _newest(mirror, revision, file, lines)
        if found and not _is_cut(mirror, found):
            return _commit(found)
    return None


def _newest(mirror: Mirror, revision: str, file: str, lines: Lines | None) -> bytes:
    options = ("-1", "--no-mailmap", "--encoding=UTF-8", _FORM)
    if lines is None:
        return mirror.read("log", *options, revision, "--", file)
    part = f"-L{lines.first},{lines.last}:{file}"
    log = mirror.read_or_fetch if mirror.is_partial else mirror.read
    return log("log", *options, "--no-patch", part, revision)


def _is_cut(mirror: Mirror, found: bytes) -> bool:
    """Whether history ends at the commit for want of its parents, so that it seems to add all."""
    try:
        cut = (mirror.folder / "shallow").read_bytes().split()
    except FileNotFoundError:
        return False
    return found.partition(b"\0")[0] in cut


def _commit(line: bytes) -> Commit:
    fields = line.decode(errors="replace").split("\0", 4)
    revision, author, email, time, message = fields
    return Commit(
        revision=revision.strip(),
        author=author,
        email=email,
        message=message.strip(),
        committed_at=datetime.fromisoformat(time),
    )

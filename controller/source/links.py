"""Symbolic links between definitions: followed inside a revision, never out of it.

A link out of the tree made Argo CD print other people's files (CVE-2022-24904, CVE-2022-31036).
git itself does the following here, in the object database, where nothing else can be reached.
"""

from controller.source.snapshot import Ignored, Unread
from controller.source.tree import Objects, Selection


def follow(mirror: Objects, revision: str, selection: Selection) -> Selection:
    """Replace links by the files they point to, inside the same revision only.

    A link that leads out of the repository or nowhere cannot be read.
    """
    if not selection.links:
        return selection
    question = "".join(f"{revision}:{path}\n" for path in selection.links).encode()
    answer = mirror.read_or_fetch("cat-file", "--batch-check", "--follow-symlinks", stdin=question)
    found = _answers(answer, len(selection.links))
    blobs = dict(selection.blobs)
    ignored = list(selection.ignored)
    unread: list[Unread] = []
    files = {blobs[path]: path for path in blobs if path not in selection.links}
    for path, blob in zip(selection.links, found, strict=True):
        if blob is None:
            unread.append(_leads_nowhere(path))
        elif (twin := files.get(blob)) is not None:
            del blobs[path]
            ignored.append(Ignored(path=path, reason=f"a link to {twin}, which is read itself"))
        else:
            blobs[path] = blob
    return Selection(blobs=blobs, ignored=tuple(ignored)).without(unread)


def _leads_nowhere(path: str) -> Unread:
    return Unread(
        path=path,
        rule="bad-link",
        message="this is a link that leads to no file of the repository",
        remedy="Put a copy of the file there, or let the link point to one inside.",
    )


def _answers(answer: bytes, count: int) -> list[str | None]:
    """Give the blob that each link leads to, None where it leads to none.

    Instead of a header, git prints `symlink SIZE`, `dangling SIZE`, `loop SIZE` or `notdir SIZE`
    and a second line of that size.
    """
    found: list[str | None] = []
    position = 0
    while len(found) < count:
        end = answer.index(b"\n", position)
        words = answer[position:end].split(b" ")
        position = end + 1
        if words[0] in {b"symlink", b"dangling", b"loop", b"notdir"}:
            found.append(None)
            position += int(words[1]) + 1
        else:
            found.append(words[0].decode() if words[1:2] == [b"blob"] else None)
    return found

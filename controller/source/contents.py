"""The contents of files, read from the object database in one go."""

from collections.abc import Iterable, Mapping, Sequence

from controller.errors import PermanentError
from controller.source.limits import Limits
from controller.source.mirror import DamagedError, Mirror
from controller.source.snapshot import Unread
from controller.source.tree import Objects, Selection


def missing(mirror: Mirror, revision: str, paths: Sequence[str]) -> frozenset[str]:
    """Give the blob ids below the paths that a partial fetch has left out."""
    if not mirror.is_partial:
        return frozenset()
    wanted = [] if "" in paths else list(paths)
    options = ("--objects", "--no-walk", "--missing=print")
    listing = mirror.read("rev-list", *options, revision, "--", *wanted)
    return frozenset(line[1:].decode() for line in listing.splitlines() if line.startswith(b"?"))


def measure(mirror: Objects, selection: Selection, limits: Limits, *, where: str) -> Selection:
    """Give the selection without files that are too large.

    Raises:
        PermanentError: all in all there is more than the limits allow.
    """
    if len(selection.blobs) > limits.files:
        raise PermanentError(
            f"{where}: {len(selection.blobs)} files, {limits.files} are allowed.",
            remedy="Choose a smaller path, or split the application.",
        )
    sizes = _sizes(mirror, selection)
    found = selection.without(
        _too_large(path, sizes[blob], limits)
        for path, blob in selection.blobs.items()
        if sizes[blob] > limits.file_bytes
    )
    if (total := sum(sizes[blob] for blob in found.blobs.values())) > limits.total_bytes:
        raise PermanentError(
            f"{where}: {total} bytes of definitions, {limits.total_bytes} are allowed.",
            remedy="Choose a smaller path, or split the application.",
        )
    return found


def read(mirror: Objects, selection: Selection) -> Mapping[str, bytes]:
    """Give the contents by path of files that were measured."""
    blobs = sorted(set(selection.blobs.values()))
    answer = mirror.read("cat-file", "--batch", "--buffer", stdin=_question(blobs))
    contents = _contents(answer, blobs)
    return {path: contents[blob] for path, blob in selection.blobs.items()}


def _question(blobs: Iterable[str]) -> bytes:
    return "".join(f"{blob}\n" for blob in blobs).encode()


def _too_large(path: str, size_bytes: int, limits: Limits) -> Unread:
    return Unread(
        path=path,
        rule="too-large",
        message=f"the file has {size_bytes:,} bytes, and at most {limits.file_bytes:,} are read",
        remedy="Split it, or move it out of the application's path.",
    )


def _sizes(mirror: Objects, selection: Selection) -> dict[str, int]:
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    question = _question(sorted(set(selection.blobs.values())))
    answer = mirror.read("cat-file", form, "--buffer", stdin=question)
    sizes = {}
    for line in answer.decode().splitlines():
        blob, kind, size = line.rsplit(" ", 2)
        if kind != "blob":
            raise DamagedError(f"{blob} is missing")
        sizes[blob] = int(size)
    return sizes


def _contents(answer: bytes, blobs: Sequence[str]) -> dict[str, bytes]:
    """Take apart what `git cat-file --batch` prints: a header, the content and a newline each."""
    contents: dict[str, bytes] = {}
    position = 0
    for blob in blobs:
        end = answer.index(b"\n", position)
        size = int(answer[position:end].rsplit(b" ", 1)[1])
        contents[blob] = answer[end + 1 : end + 1 + size]
        position = end + 1 + size + 1
    return contents

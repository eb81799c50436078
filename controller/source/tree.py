"""Which files of a revision are read: selection, limits and links. Nothing is checked out."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.errors import PermanentError
from controller.source.limits import Limits
from controller.source.mirror import DamagedError, Mirror
from controller.source.snapshot import Ignored

_SUFFIXES = (".yaml", ".yml")
_LINK = "120000"
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `git ls-tree`."""

    mode: str
    blob: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is read of a revision, by path, sorted; and what is not."""

    blobs: Mapping[str, str]
    """Blob id by path."""
    links: tuple[str, ...] = ()
    """Paths that are symbolic links and look like definitions."""
    ignored: tuple[Ignored, ...] = field(default=())


def normal_path(path: str) -> str:
    """Give a folder's path inside the repository without `./`, doubled or trailing slashes.

    Empty for the repository's root.

    Raises:
        PermanentError: it leads out of the repository.
    """
    normal = posixpath.normpath(path or ".")
    if normal.startswith(("/", "../")) or normal == ".." or "\0" in path:
        raise PermanentError(
            f"The path {path!r} leads out of the repository.",
            remedy="Use a folder inside it, such as 'agents', or '.' for all of it.",
        )
    return "" if normal == "." else normal


def list_entries(mirror: Mirror, revision: str, paths: Sequence[str]) -> tuple[Entry, ...]:
    """Give everything below the paths, links and submodules too; the whole tree for no path."""
    wanted = [] if "" in paths else list(paths)
    listing = mirror.read("ls-tree", "-r", "-z", "--full-tree", revision, "--", *wanted)
    return tuple(_entry(line) for line in listing.split(b"\0") if line)


def select(entries: Iterable[Entry], path: str, extra_paths: Sequence[str]) -> Selection:
    """Choose the path's YAML files and everything below the extra paths.

    Files and folders whose names begin with a dot hold other programs' settings (`.github/`) and
    are left out.
    """
    blobs: dict[str, str] = {}
    links: list[str] = []
    ignored: list[Ignored] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        wanted = _is_wanted(entry.path, path, extra_paths)
        if entry.mode == _SUBMODULE:
            ignored.append(Ignored(path=entry.path, reason="submodules are not fetched"))
        elif not _is_text(entry.path):
            ignored.append(Ignored(path=entry.path, reason="its name is not UTF-8"))
        elif entry.mode == _LINK and wanted:
            links.append(entry.path)
            blobs[entry.path] = entry.blob
        elif entry.mode == _LINK:
            ignored.append(Ignored(path=entry.path, reason="links to folders are not followed"))
        elif wanted:
            blobs[entry.path] = entry.blob
    return Selection(blobs=blobs, links=tuple(links), ignored=tuple(ignored))


def check_presence(
    entries: Sequence[Entry], path: str, extra_paths: Sequence[str], *, where: str
) -> None:
    """Refuse a path that does not exist: an empty answer would look like "delete everything".

    Raises:
        PermanentError: names the path, and whether it is a file.
    """
    for folder in (path, *extra_paths):
        below = f"{folder}/" if folder else ""
        if any(entry.path.startswith(below) for entry in entries):
            continue
        if folder in extra_paths and any(entry.path == folder for entry in entries):
            continue
        is_file = any(entry.path == folder for entry in entries)
        raise PermanentError(
            f"{where}: {folder or '.'} {'is not a folder' if is_file else 'does not exist'}.",
            remedy="Correct the application's path, or bring the folder back.",
        )


def follow_links(mirror: Mirror, revision: str, selection: Selection, *, where: str) -> Selection:
    """Replace links by the files they point to, inside the same revision only.

    Raises:
        PermanentError: a link leads out of the repository or nowhere. Reading on without it could
            delete what it defined.
    """
    if not selection.links:
        return selection
    question = "".join(f"{revision}:{path}\n" for path in selection.links).encode()
    answer = mirror.read_or_fetch("cat-file", "--batch-check", "--follow-symlinks", stdin=question)
    found = _link_answers(answer, len(selection.links))
    blobs = dict(selection.blobs)
    ignored = list(selection.ignored)
    files = {blobs[path]: path for path in blobs if path not in selection.links}
    for path, blob in zip(selection.links, found, strict=True):
        if blob is None:
            raise PermanentError(
                f"{where}: {path} is a link that leads to no file of the repository.",
                remedy="Put a copy of the file there, or let the link point to one inside.",
            )
        if (twin := files.get(blob)) is not None:
            del blobs[path]
            ignored.append(Ignored(path=path, reason=f"a link to {twin}, which is read itself"))
        else:
            blobs[path] = blob
    return Selection(blobs=blobs, ignored=tuple(ignored))


def missing(mirror: Mirror, revision: str, paths: Sequence[str]) -> frozenset[str]:
    """Give the blob ids below the paths that a partial fetch has left out."""
    if not mirror.is_partial:
        return frozenset()
    wanted = [] if "" in paths else list(paths)
    options = ("--objects", "--no-walk", "--missing=print")
    listing = mirror.read("rev-list", *options, revision, "--", *wanted)
    return frozenset(line[1:].decode() for line in listing.splitlines() if line.startswith(b"?"))


def read(
    mirror: Mirror, selection: Selection, limits: Limits, *, where: str
) -> Mapping[str, bytes]:
    """Give the contents by path, after a look at the sizes.

    Raises:
        PermanentError: there is more than the limits allow.
    """
    if len(selection.blobs) > limits.files:
        raise PermanentError(
            f"{where}: {len(selection.blobs)} files, {limits.files} are allowed.",
            remedy="Choose a smaller path, or split the application.",
        )
    blobs = sorted(set(selection.blobs.values()))
    question = "".join(f"{blob}\n" for blob in blobs).encode()
    _check_sizes(mirror, selection, question, limits, where=where)
    contents = _contents(mirror.read("cat-file", "--batch", "--buffer", stdin=question), blobs)
    return {path: contents[blob] for path, blob in selection.blobs.items()}


def _check_sizes(
    mirror: Mirror, selection: Selection, question: bytes, limits: Limits, *, where: str
) -> None:
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    answer = mirror.read("cat-file", form, "--buffer", stdin=question)
    sizes = {}
    for line in answer.decode().splitlines():
        blob, kind, size = line.rsplit(" ", 2)
        if kind != "blob":
            raise DamagedError(f"{blob} is missing")
        sizes[blob] = int(size)
    for path, blob in selection.blobs.items():
        if sizes[blob] > limits.file_bytes:
            raise PermanentError(
                f"{where}: {path} has {sizes[blob]} bytes, {limits.file_bytes} are allowed.",
                remedy="Split it, or move it out of the application's path.",
            )
    if (total := sum(sizes[blob] for blob in selection.blobs.values())) > limits.total_bytes:
        raise PermanentError(
            f"{where}: {total} bytes of definitions, {limits.total_bytes} are allowed.",
            remedy="Choose a smaller path, or split the application.",
        )


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


def _link_answers(answer: bytes, count: int) -> list[str | None]:
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


def _entry(line: bytes) -> Entry:
    head, _, name = line.partition(b"\t")
    mode, _, blob = head.decode().split(" ")
    return Entry(mode, blob, name.decode("utf-8", "surrogateescape"))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    # A newline would end a question to `git cat-file`.
    return "\n" not in path


def _is_wanted(path: str, root: str, extra_paths: Sequence[str]) -> bool:
    if any(path == extra or path.startswith(f"{extra}/") for extra in extra_paths):
        return True
    below = f"{root}/" if root else ""
    if not path.startswith(below) or not path.endswith(_SUFFIXES):
        return False
    return not any(part.startswith(".") for part in path.removeprefix(below).split("/"))

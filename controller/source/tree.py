"""Which files of a revision are read. Nothing is checked out."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from controller.errors import PermanentError
from controller.source.snapshot import Ignored, Unread

_SUFFIXES = (".yaml", ".yml")
_LINK = "120000"
_SUBMODULE = "160000"


class Objects(Protocol):
    """An object database: a mirror's, or that of a repository on this machine."""

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a git command that reads what is here."""

    def read_or_fetch(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run one that may need what was left out at first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `git ls-tree`."""

    mode: str
    blob: str
    path: str

    def line(self) -> bytes:
        """Give the line that `git ls-tree -z` prints."""
        kind = "commit" if self.mode == _SUBMODULE else "blob"
        path = self.path.encode("utf-8", "surrogateescape")
        return f"{self.mode} {kind} {self.blob}\t".encode() + path + b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is read of a revision, by path, sorted; and what is not."""

    blobs: Mapping[str, str]
    """Blob id by path."""
    links: tuple[str, ...] = ()
    """Paths that are symbolic links and look like definitions."""
    ignored: tuple[Ignored, ...] = field(default=())
    unread: tuple[Unread, ...] = ()

    def without(self, unread: Iterable[Unread]) -> "Selection":
        """Give the selection without files that cannot be read, which it names."""
        told = tuple(unread)
        gone = {item.path for item in told}
        blobs = {path: blob for path, blob in self.blobs.items() if path not in gone}
        return replace(self, blobs=blobs, unread=(*self.unread, *told))


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


def list_entries(mirror: Objects, revision: str, paths: Sequence[str]) -> tuple[Entry, ...]:
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

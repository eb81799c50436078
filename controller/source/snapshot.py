"""What a source yields: one revision and its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where definitions come from: the fields of Argo CD's `spec.source`."""

    repo_url: str
    """https, ssh or file URL, scp-like address, or the path of a local repository."""
    target_revision: str = "HEAD"
    """Branch, tag or commit."""
    path: str = "."
    """Folder inside the repository; its YAML files are read recursively."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Who changed what, when."""

    revision: str
    """Full commit id."""
    author: str
    email: str
    message: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Lines:
    """Part of a file: from one line to another, both included, from 1."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """An entry below the source's path that is not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file below the source's path that should be read and cannot be: what it defines is unknown.

    Its neighbours are read all the same; nothing that it may define is deleted.
    """

    path: str
    rule: str
    """Of the finding: `too-large` or `bad-link`."""
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A revision and the files below the source's path, read from the object database."""

    source: Source
    commit: Commit
    files: Mapping[str, bytes]
    """Contents by path relative to the repository's root, `/` as separator, sorted."""
    blobs: Mapping[str, str]
    """Git blob id by the same path: parsed files are cached by it."""
    ignored: tuple[Ignored, ...] = ()
    """Submodules and links, which are never followed out of the tree."""
    unread: tuple[Unread, ...] = ()

    @property
    def revision(self) -> str:
        """The full commit id."""
        return self.commit.revision

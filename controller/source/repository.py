"""Repositories by address: which commit a revision is, and what it holds.

The package's face. Applications that share a repository share its mirror and, within a few
seconds, one listing of its references.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import structlog

from controller.errors import PermanentError, RosterError, TransientError
from controller.source import contents, disk, history, links, references, reverts, tree
from controller.source import credentials as creds
from controller.source.address import Address
from controller.source.credentials import Credentials
from controller.source.limits import Limits
from controller.source.mirror import DamagedError, GoneError, Mirror, RefusedError
from controller.source.references import References
from controller.source.reverts import Revert
from controller.source.snapshot import Commit, Lines, Snapshot, Source

__all__ = ["Credentials", "Limits", "Repositories"]

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


@dataclass(slots=True)
class _Listing:
    """The last answer of a server, good or bad, and when it was asked."""

    started: float
    answer: References | RosterError


@dataclass(slots=True)
class _Entry:
    """What is kept of one address."""

    mirror: Mirror
    listing_lock: threading.Lock = field(default_factory=threading.Lock)
    listing: _Listing | None = None
    snapshots: dict[tuple[str, tuple[str, ...]], Snapshot] = field(default_factory=dict)
    """The last one for each path: nothing is read while nothing changes."""


class Repositories:
    """Resolves and fetches sources. Safe for threads; calls block while git works."""

    def __init__(
        self,
        folder: Path,
        *,
        credentials: Credentials | Mapping[str, Credentials] | None = None,
        limits: Limits | None = None,
        listing_validity_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep mirrors in the folder.

        Args:
            folder: made if need be; deleting it costs nothing but fetching anew.
            credentials: by URL prefix (`https://host/org`), or one for every https and ssh address.
            limits: how much a source may hold, how long a server may take.
            listing_validity_s: how long a listing, or a failure to get one, is shared.
            clock: seconds that only increase.
        """
        self._folder = folder.absolute()
        self._credentials = creds.normalised(credentials or {})
        self._limits = limits or Limits()
        self._validity_s = listing_validity_s
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        disk.make(self._folder)

    def resolve(self, source: Source, *, fresh: bool = False) -> str:
        """Give the full id of the commit that the source's revision stands for now.

        Args:
            source: a full commit id in it is taken as it is, without asking the server.
            fresh: do not use a listing that was asked for before this call: somebody pushed.

        Raises:
            TransientError: the server cannot be asked.
            PermanentError: the address, the credentials or the revision are wrong.
        """
        references.check(source.target_revision)
        if (fixed := references.commit_id(source.target_revision)) is not None:
            return fixed
        entry = self._entry(source)
        listed = self._references(entry, fresh=fresh)
        return references.resolve(listed, source.target_revision, url=entry.mirror.address.url)

    def fetch(
        self, source: Source, revision: str, *, extra_paths: tuple[str, ...] = ()
    ) -> Snapshot:
        """Give the files of a commit: YAML below the source's path, all below the extra paths.

        Raises:
            TransientError: the server cannot be asked, or the commit went away meanwhile.
            PermanentError: the commit, the path or the files are not what they should be.
        """
        path = tree.normal_path(source.path)
        extra = tuple(tree.normal_path(extra_path) for extra_path in extra_paths)
        entry = self._entry(source)
        with entry.mirror.locked():
            known = entry.snapshots.get((path, extra))
            if known is not None and known.revision == revision and known.source == source:
                return known
            snapshot = self._available(
                entry,
                source,
                (revision,),
                lambda: self._snapshot(entry.mirror, source, revision, (path, extra)),
            )
            entry.snapshots[path, extra] = snapshot
        return snapshot

    def changed_files(self, source: Source, before: str, after: str) -> tuple[str, ...]:
        """Give the paths in the whole repository that differ between two commits, sorted."""
        entry = self._entry(source)
        with entry.mirror.locked():
            return self._available(
                entry,
                source,
                (before, after),
                lambda: history.changed_files(entry.mirror, before, after),
            )

    def last_change(
        self, source: Source, revision: str, file: str, *, lines: Lines | None = None
    ) -> Commit | None:
        """Give the newest commit up to the revision that touched the file, or lines of it.

        None if none did. It may fetch history, and take as long as that takes: for a person who
        asks, not for every visit.
        """
        path = tree.normal_path(file)
        entry = self._entry(source)
        with entry.mirror.locked():
            return self._available(
                entry,
                source,
                (revision,),
                lambda: history.last_change(entry.mirror, revision, path, lines),
            )

    def revert(
        self, source: Source, old: str, *, branch: str, message: str, extra_paths: tuple[str, ...]
    ) -> str:
        """Push a new branch on which the source's folders are as they were at an older commit.

        Returns:
            The id of its commit, which stands upon the newest of the source's revision.

        Raises:
            TransientError: the server cannot be asked.
            PermanentError: nothing differs, the branch exists, or credentials do not allow it.
        """
        reverts.check_branch(branch)
        newest = self.resolve(source, fresh=True)
        paths = tuple(tree.normal_path(path) for path in (source.path, *extra_paths))
        wanted = Revert(newest=newest, old=old, paths=paths, branch=branch, message=message)
        self.fetch(source, old, extra_paths=extra_paths)
        entry = self._entry(source)
        with entry.mirror.locked():
            made: str = self._available(
                entry, source, (old, newest), lambda: reverts.make(entry.mirror, wanted)
            )
            entry.mirror.push(made, branch)
        return made

    def _references(self, entry: _Entry, *, fresh: bool) -> References:
        arrived = self._clock()
        # A local listing takes milliseconds, and must show the commit that was just made.
        validity_s = 0.0 if fresh or entry.mirror.address.is_local else self._validity_s
        with entry.listing_lock:
            listing = entry.listing
            if listing is None or listing.started < arrived - validity_s:
                listing = entry.listing = _Listing(self._clock(), _ask(entry.mirror))
        if isinstance(listing.answer, RosterError):
            # A new one each time: threads that share one error would share its traceback.
            raise _again(listing.answer)
        return listing.answer

    def _available(
        self, entry: _Entry, source: Source, revisions: Sequence[str], use: Callable[[], Result]
    ) -> Result:
        """Use revisions after fetching what is missing; a broken mirror is made anew."""
        address = entry.mirror.address
        try:
            return _mended(entry.mirror, revisions, use)
        except GoneError as error:
            raise _gone(address, source, error.revision or revisions[-1]) from error
        except RefusedError as error:
            raise PermanentError(
                f"{address.url}: the server does not do what Roster asks ({error}).",
                remedy="Update it, or allow it: git config uploadpack.allowAnySHA1InWant true.",
            ) from error

    def _snapshot(
        self, mirror: Mirror, source: Source, revision: str, places: tuple[str, tuple[str, ...]]
    ) -> Snapshot:
        path, extra = places
        where = f"{mirror.address.url} at {revision[:12]}"
        commit = history.commit(mirror, revision)
        entries = tree.list_entries(mirror, revision, (path, *extra))
        tree.check_presence(entries, path, extra, where=where)
        selection = tree.select(entries, path, extra)
        lacking = contents.missing(mirror, revision, (path, *extra)) & set(selection.blobs.values())
        if lacking:
            _bring_contents(mirror, revision, sorted(lacking))
        selection = links.follow(mirror, revision, selection)
        selection = contents.measure(mirror, selection, self._limits, where=where)
        _check_extra(selection, extra, where=where)
        return Snapshot(
            source=source,
            commit=commit,
            files=contents.read(mirror, selection),
            blobs=selection.blobs,
            ignored=selection.ignored,
            unread=selection.unread,
        )

    def _entry(self, source: Source) -> _Entry:
        address = Address.parse(source.repo_url)
        with self._lock:
            entry = self._entries.get(address.url)
            if entry is None:
                entry = self._entries[address.url] = _Entry(mirror=self._mirror(address))
                if address.scheme == "http":
                    log.warning("git_unencrypted", repository=address.prefix)
            return entry

    def _mirror(self, address: Address) -> Mirror:
        return Mirror(
            address=address,
            folder=self._folder / _folder_name(address),
            credentials=creds.choose(self._credentials, address),
            askpass=self._folder / "askpass",
            limits=self._limits,
        )


def _check_extra(selection: tree.Selection, paths: Sequence[str], *, where: str) -> None:
    """Refuse a revision whose templates cannot all be read: each is for every definition."""
    for item in selection.unread:
        if any(item.path == path or item.path.startswith(f"{path}/") for path in paths):
            raise PermanentError(f"{where}: {item.path}: {item.message}.", remedy=item.remedy)


def _ask(mirror: Mirror) -> References | RosterError:
    try:
        return references.parse(mirror.list_references())
    except RosterError as error:
        return error


def _again(error: RosterError) -> RosterError:
    if isinstance(error, TransientError):
        return TransientError(error.message, remedy=error.remedy, retry_after_s=error.retry_after_s)
    return PermanentError(error.message, remedy=error.remedy)


def _mended(mirror: Mirror, revisions: Sequence[str], use: Callable[[], Result]) -> Result:
    try:
        _bring(mirror, revisions)
        return use()
    except DamagedError as damage:
        log.warning("git_mirror_damaged", repository=mirror.address.prefix, error=str(damage))
        mirror.discard()
    try:
        _bring(mirror, revisions)
        return use()
    except DamagedError as damage:
        raise TransientError(
            f"{mirror.address.url}: what it sends cannot be read ({damage}).",
            remedy="Check the repository with `git fsck`, and the disk of the state folder.",
        ) from damage


def _bring(mirror: Mirror, revisions: Sequence[str]) -> None:
    for revision in revisions:
        if not mirror.has(revision):
            mirror.fetch(revision)


def _bring_contents(mirror: Mirror, revision: str, blobs: Sequence[str]) -> None:
    try:
        mirror.fetch_contents(blobs)
    except RefusedError:
        mirror.be_less_thrifty()
        mirror.fetch(revision)


def _gone(address: Address, source: Source, revision: str) -> RosterError:
    if references.commit_id(source.target_revision) == revision:
        return PermanentError(
            f"{address.url} has no commit {revision}.",
            remedy="Check the application's revision; a force-push may have removed it.",
        )
    return TransientError(
        f"{address.url}: commit {revision} of {source.target_revision} is gone.",
        remedy="Somebody pushed by force meanwhile; the next visit takes what is there now.",
    )


def _folder_name(address: Address) -> str:
    """Give a name that tells people which repository it is, and is one per address."""
    readable = re.sub(r"[^a-z0-9.]+", "-", address.prefix.partition("://")[2].lower())
    digest = hashlib.sha256(address.url.encode()).hexdigest()[:12]
    return f"{readable.removesuffix('.git').strip('-.')[-60:]}-{digest}.git"

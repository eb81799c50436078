"""One bare repository per address: what has been fetched, and how more is fetched.

A mirror is a cache: whatever is wrong with it, deleting it and fetching anew is the remedy. Each
fetched revision has a reference of its own, so that a force-push takes nothing away that an
application still runs on.

A revision comes with one commit and, where the server allows, without file contents; those that
are read are then asked for together. A repository of any size costs what its definitions cost.
"""

import contextlib
import itertools
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from controller import telemetry, tracing
from controller.errors import PermanentError, TransientError
from controller.source import credentials as creds
from controller.source import disk, faults
from controller.source.address import Address
from controller.source.command import OFFLINE, Command, GitError, GitTimeoutError
from controller.source.credentials import Credentials
from controller.source.limits import Limits
from controller.source.thrift import Thrift

log = structlog.get_logger(__name__)

REVISIONS = "refs/roster/revisions/"
KEPT_REVISIONS = 50
"""Revisions whose objects are kept when the mirror is tidied: what one rolls back to."""
TIDY_EVERY = 20
"""Fetches between two tidyings; each leaves a pack or two, and many packs are slow to read."""

_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force")
_THRIFT = "roster.thrift"
_EVERYTHING = ("+refs/heads/*:refs/roster/heads/*", "+refs/tags/*:refs/roster/tags/*")


class DamagedError(Exception):
    """The mirror cannot be read or written: fetch it anew."""


class RefusedError(Exception):
    """The server does not do what was asked of it; `be_less_thrifty` and ask again."""


class GoneError(Exception):
    """The server does not have a commit, or (without one named) something that belongs to it."""

    def __init__(self, revision: str = "") -> None:
        super().__init__(revision)
        self.revision = revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The bare repository of one address, and the means to fill it.

    `locked` is held around everything else: git's own locks make one of two fetches fail.
    """

    address: Address
    folder: Path
    credentials: Credentials
    askpass: Path
    limits: Limits
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _fetches: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep out other threads, and other processes that use the same folder."""
        with self._lock, disk.faults(self.folder):
            disk.make(self.folder.parent)
            with disk.locked(self.folder):
                yield

    def list_references(self) -> bytes:
        """Give what `git ls-remote --symref` prints."""
        with disk.faults(self.askpass):
            creds.install(self.askpass)
        # Not in the mirror, which may be damaged.
        command = Command(folder=self.folder.parent / "none", timeout_s=self.limits.timeout_s)
        with telemetry.timed(telemetry.GIT_REQUEST_DURATION, operation="ls-remote"):
            return self._ask(command, "ls-remote", "--symref", "--", self.address.url)

    def has(self, revision: str) -> bool:
        """Whether the revision has been fetched."""
        if not (self.folder / "HEAD").is_file():
            return False
        try:
            self._here("rev-parse", "--verify", "-q", f"{REVISIONS}{revision}^{{commit}}")
        except GitError:
            return False
        return True

    def fetch(self, revision: str) -> None:
        """Fetch one commit, as thriftily as the server allows.

        Raises:
            GoneError: the server does not have it.
            DamagedError: the mirror is broken.
            RosterError: the server cannot be asked.
        """
        self._make()
        try:
            with tracing.span("fetch", repository=self.address.prefix, revision=revision):
                self._fetch_at(self._thrift(), revision)
        except GitError as error:
            raise self._meaning(error, revision) from error
        self._tidy_sometimes()

    def fetch_contents(self, blobs: Sequence[str]) -> None:
        """Fetch file contents that a partial fetch left out, all in one request.

        Raises:
            RefusedError: the server does not serve single contents; `fetch` again.
        """
        wanted = "".join(f"{blob}\n" for blob in blobs).encode()
        # What the mirror has tells the server nothing about which contents it lacks.
        options = ("-c", "fetch.negotiationAlgorithm=noop")
        try:
            self._fetch("--filter=blob:none", "--stdin", "origin", stdin=wanted, options=options)
        except GitError as error:
            raise self._meaning(error) from error

    def deepen(self, revision: str, depth: int | None) -> None:
        """Fetch older commits of a revision: so many, or all of them."""
        if not (self.folder / "shallow").exists():
            return
        amount = "--unshallow" if depth is None else f"--depth={depth}"
        target = f"+{revision}:{REVISIONS}{revision}"
        try:
            self._fetch(amount, *self._thrift().filter, "origin", target)
        except GitError as error:
            raise self._meaning(error) from error

    def read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command that reads what is here.

        Raises:
            DamagedError: it failed, which it has no other reason for.
        """
        try:
            return self._here(*arguments, stdin=stdin)
        except GitError as error:
            raise DamagedError(str(error)) from error

    def read_or_fetch(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command that may need objects which a partial fetch left out."""
        creds.install(self.askpass)
        return self._ask(self._command(), *arguments, stdin=stdin)

    def commit(self, listing: bytes, *, parent: str, message: str, who: Mapping[str, str]) -> str:
        """Make a commit upon another one, and give its id.

        Args:
            listing: everything that it holds, as `git ls-tree -r -z` prints it; the contents need
                not be here.
            parent: id of the commit before.
            message: text of the commit.
            who: git's variables for author and committer.

        Raises:
            DamagedError: git cannot.
        """
        index = self.folder / "made.index"
        index.unlink(missing_ok=True)
        variables = {**OFFLINE, **who, "GIT_INDEX_FILE": str(index)}

        def run(*arguments: str, stdin: bytes = b"") -> str:
            return self._command().run(*arguments, stdin=stdin, variables=variables).decode()

        try:
            run("update-index", "-z", "--index-info", stdin=listing)
            made = run("write-tree", "--missing-ok").strip()
            return run("commit-tree", made, "-p", parent, "-F", "-", stdin=message.encode()).strip()
        except GitError as error:
            raise DamagedError(str(error)) from error
        finally:
            index.unlink(missing_ok=True)

    def push(self, commit: str, branch: str) -> None:
        """Make a new branch at the server that stands at a commit.

        Raises:
            PermanentError: the branch exists, or the credentials do not allow it.
            TransientError: the server cannot be asked.
        """
        creds.install(self.askpass)
        name = f"refs/heads/{branch}"
        # Expected to be nothing: a branch that exists is somebody's work.
        options = ("--quiet", f"--force-with-lease={name}:")
        try:
            self._run(self._command(), "push", *options, "--", self.address.url, f"{commit}:{name}")
        except GitError as error:
            if "stale info" in error.stderr or "already exists" in error.stderr:
                raise PermanentError(
                    f"{self.address.url} has a branch {branch!r} already.",
                    remedy="Choose another name.",
                ) from error
            raise faults.of_server(self.address, error.stderr, self._secrets) from error

    @property
    def is_partial(self) -> bool:
        """Whether contents may be missing."""
        return any((self.folder / "objects" / "pack").glob("*.promisor"))

    def discard(self) -> None:
        """Delete what was fetched."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self) -> None:
        creds.install(self.askpass)
        if (self.folder / "HEAD").is_file():
            self._sweep()
        else:
            # A local repository serves no partial fetch unless it is told to, and need not.
            self._start(Thrift.SHALLOW if self.address.is_local else Thrift.PARTIAL)

    def _start(self, thrift: Thrift) -> None:
        """Begin with an empty mirror that is fetched into in one way for good.

        Mixing them does not work: once a partial fetch was tried, git takes whatever is missing
        for something to fetch, even while it fetches.
        """
        self.discard()
        try:
            self._here("init", "--quiet", "--bare", "--template=")
            self._here("config", "remote.origin.url", self.address.url)
            self._here("config", _THRIFT, thrift)
        except GitError as error:
            raise TransientError(
                f"{self.folder} cannot be made: {error.stderr}.",
                remedy="Check the room on its disk and who owns it.",
            ) from error

    def _thrift(self) -> Thrift:
        try:
            return Thrift(self._here("config", _THRIFT).decode().strip())
        except (GitError, ValueError) as error:
            raise DamagedError(f"{self.folder} does not say how it was fetched") from error

    def _fetch_at(self, thrift: Thrift, revision: str) -> None:
        """Fetch in the given way, or a less thrifty one if the server refuses."""
        try:
            if thrift is Thrift.NONE:
                self._fetch_everything(revision)
            else:
                self._fetch(*thrift.options, "origin", f"+{revision}:{REVISIONS}{revision}")
        except GitError as error:
            if thrift is Thrift.NONE or not faults.is_refusal(error.stderr):
                raise
            self.be_less_thrifty(thrift)
            self._fetch_at(self._thrift(), revision)

    def be_less_thrifty(self, thrift: Thrift | None = None) -> None:
        """Begin anew in a way that asks less of the server."""
        less = (thrift or self._thrift()).less()
        log.info("git_fetch_refused", repository=self.address.prefix, now=less.value)
        self._start(less)

    def _sweep(self) -> None:
        """Remove what a killed fetch leaves: half-written packs and locks.

        The mirror's lock is held, so nobody is writing them.
        """
        for pattern in ("objects/pack/tmp_*", "objects/??/tmp_obj_*", "*.lock", "refs/**/*.lock"):
            for left in self.folder.glob(pattern):
                left.unlink(missing_ok=True)

    def _fetch_everything(self, revision: str) -> None:
        """Fetch all branches and tags: what the simplest servers can do."""
        self._fetch("origin", *_EVERYTHING)
        try:
            self._here("update-ref", f"{REVISIONS}{revision}", revision)
        except GitError as error:
            raise GoneError(revision) from error

    def _fetch(self, *arguments: str, stdin: bytes = b"", options: tuple[str, ...] = ()) -> None:
        with telemetry.timed(telemetry.GIT_REQUEST_DURATION, operation="fetch"):
            self._run(
                replace(self._command(), timeout_s=self.limits.fetch_timeout_s),
                *options,
                *_FETCH,
                *arguments,
                stdin=stdin,
            )

    def _ask(self, command: Command, *arguments: str, stdin: bytes = b"") -> bytes:
        try:
            return self._run(command, *arguments, stdin=stdin)
        except GitError as error:
            raise faults.of_server(self.address, error.stderr, self._secrets) from error

    def _run(self, command: Command, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a command that talks to the server."""
        try:
            return command.run(*arguments, stdin=stdin, variables=self._online())
        except GitTimeoutError as error:
            raise faults.of_timeout(self.address, command.timeout_s) from error

    def _here(self, *arguments: str, stdin: bytes = b"", timeout_s: float | None = None) -> bytes:
        """Run a command that needs no server."""
        command = self._command()
        try:
            return replace(command, timeout_s=timeout_s or command.timeout_s).run(
                *arguments, stdin=stdin
            )
        except GitTimeoutError as error:
            raise TransientError(f"{self.folder}: {error}.", remedy="Check its disk.") from error

    def _meaning(self, error: GitError, revision: str = "") -> Exception:
        if faults.is_refusal(error.stderr):
            return RefusedError(error.stderr)
        if faults.is_gone(error.stderr):
            return GoneError(revision)
        if faults.is_damage(error.stderr, self.folder):
            return DamagedError(str(error))
        return faults.of_server(self.address, error.stderr, self._secrets)

    def _online(self) -> Mapping[str, str]:
        # http may redirect to https, never the other way round.
        schemes = "http:https" if self.address.scheme == "http" else self.address.scheme
        return {
            "GIT_ALLOW_PROTOCOL": schemes,
            "GIT_HTTP_LOW_SPEED_LIMIT": "1",
            "GIT_HTTP_LOW_SPEED_TIME": str(max(int(self.limits.timeout_s), 1)),
            **creds.environment(self.credentials, self.address, self.askpass),
        }

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self.credentials.token,)

    def _command(self) -> Command:
        return Command(folder=self.folder, timeout_s=self.limits.timeout_s)

    def _tidy_sometimes(self) -> None:
        if next(self._fetches) % TIDY_EVERY == 0:
            self.tidy()

    def tidy(self) -> None:
        """Forget all but the newest revisions, and put what is left into one pack."""
        names = ("for-each-ref", "--sort=-committerdate", "--format=%(refname)", REVISIONS)
        try:
            old = self.read(*names).decode().split()[KEPT_REVISIONS:]
            deletions = "".join(f"delete {name}\n" for name in old).encode()
            self._here("update-ref", "--stdin", stdin=deletions)
            self._here("gc", "--quiet", "--prune=now", timeout_s=self.limits.fetch_timeout_s)
        except (GitError, DamagedError, TransientError) as error:
            # Nothing depends on it but room on the disk.
            log.warning("git_tidy_failed", repository=self.address.prefix, error=str(error))

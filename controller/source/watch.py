"""Tells at once when a reference of a local repository changes: a commit, a branch switch, a fetch.

Only folders that hold references are watched, not the work tree and not the objects. Events say
no more than "look": whether something changed is read from the files, so that neither a burst of
events nor a lost one matters.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
import watchfiles

from controller.errors import PermanentError
from controller.source import gitfolders

log = structlog.get_logger(__name__)

LOOK_ANYWAY_S = 1.0
"""Between two looks without an event: some file systems (network, virtual machines) send none."""
_SETTLE_MS = 10
"""git writes a reference by rename, so that one event follows the other within a millisecond."""
_LONGEST_BURST_MS = 50

_State = tuple[tuple[str, int, int], ...]
"""Name, time and inode of each file that references are stored in."""


@dataclass(frozen=True, slots=True)
class GitFolders:
    """Where a repository keeps its references."""

    own: Path
    """HEAD; of a linked work tree, its own."""
    common: Path
    """Branches and tags, shared by all work trees."""

    def folders(self) -> tuple[Path, ...]:
        """Give every folder that references or their files lie in, as of now."""
        found = {self.own, self.common}
        for top in self._tops():
            found |= {folder for folder, _ in _below(top)}
        return tuple(sorted(found))

    def state(self) -> _State:
        """Give what tells one state of the references from another."""
        return tuple(sorted(_stamps(self._files())))

    def _files(self) -> Iterator[Path]:
        yield self.own / "HEAD"
        yield self.common / "HEAD"
        yield self.common / "packed-refs"
        for top in self._tops():
            for folder, names in _below(top):
                yield from (folder / name for name in names)

    def _tops(self) -> tuple[Path, Path]:
        return self.common / "refs", self.common / "reftable"


def find(path: Path) -> GitFolders:
    """Find the git folders of a work tree, a linked work tree or a bare repository.

    Raises:
        PermanentError: the path is no repository.
    """
    own = gitfolders.own(path) if (path / ".git").exists() else path
    if not (own / "HEAD").is_file():
        raise PermanentError(
            f"{path} is not a git repository.", remedy="Name its top folder, or run `git init`."
        )
    return GitFolders(own, gitfolders.common(own))


def watch(path: Path, on_change: Callable[[], None], stop: threading.Event) -> None:
    """Call back at once, and after each change of the repository's references, until stopped.

    The first call is for what happened before anybody watched.

    Args:
        path: top folder of a work tree, or a bare repository.
        on_change: called in this thread; several changes in one burst are one call.
        stop: ends the watch within a fraction of a second.

    Raises:
        PermanentError: the path is no repository.
    """
    repository = find(path)
    seen = repository.state()
    on_change()
    while not stop.is_set():
        watched = repository.folders()
        with contextlib.closing(_occasions(watched, stop)) as occasions:
            for _ in occasions:
                if (now := repository.state()) != seen:
                    seen = now
                    on_change()
                if repository.folders() != watched:
                    break


def _occasions(folders: tuple[Path, ...], stop: threading.Event) -> Generator[None, None, None]:
    """Yield at each event and each second; only each second where the system cannot watch."""
    try:
        for _ in watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=_LONGEST_BURST_MS,
            step=_SETTLE_MS,
            stop_event=stop,
            rust_timeout=int(LOOK_ANYWAY_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            yield
    except (OSError, RuntimeError) as error:
        # The limit of inotify, or a folder that vanished just now.
        log.warning("watch_unavailable", error=str(error), looking_every_s=LOOK_ANYWAY_S)
        while not stop.wait(LOOK_ANYWAY_S):
            yield


def _below(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder with the names of its files; none where there is no such folder.

    `os.walk` and not `Path.rglob`, which until Python 3.13 raises when git (or a person) takes a
    folder away between the look at its parent and the look at itself.
    """
    for folder, _, names in os.walk(top):
        yield Path(folder), names


def _stamps(files: Iterator[Path]) -> Iterator[tuple[str, int, int]]:
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue
        if file.suffix != ".lock":
            yield str(file), stat.st_mtime_ns, stat.st_ino

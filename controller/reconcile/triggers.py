"""What asks for visits: the clock, and commits in local repositories.

Webhooks and "sync now" arrive through the API, drift through the live state; all of them end in
the same `WorkQueue.add`.
"""

import random
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from controller.errors import RosterError
from controller.reconcile.workqueue import Trigger, WorkQueue
from controller.source import watch

log = structlog.get_logger(__name__)

Names = Callable[[], Iterable[str]]
"""The applications to visit, asked for at each tick: they come and go."""


class Poller:
    """Adds every application once per interval, all in one tick.

    Together rather than spread out, because applications that share a repository then share one
    listing of its references.
    """

    def __init__(
        self,
        queue: WorkQueue,
        names: Names,
        *,
        interval_s: float = 30.0,
        jitter: float = 0.1,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._names = names
        self._interval_s = interval_s
        self._jitter = jitter
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Start polling; the first tick comes after one interval."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop polling, at once."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def tick(self) -> None:
        """Add every application now."""
        for name in self._names():
            self._queue.add(name, trigger=Trigger.POLL)

    def pause_s(self) -> float:
        """Give the seconds to the next tick: the interval, shorter or longer by the jitter."""
        return self._interval_s * (1.0 + self._jitter * (2.0 * self._chance() - 1.0))

    def _run(self) -> None:
        while not self._stop.wait(self.pause_s()):
            try:
                self.tick()
            except RosterError as error:
                log.warning("poll_failed", error=str(error))


class RepositoryWatch:
    """Adds the applications of a local repository as soon as one of its references changes."""

    def __init__(
        self, queue: WorkQueue, path: Path, names: Names, *, retry_s: float = 10.0
    ) -> None:
        self._queue = queue
        self._path = path
        self._names = names
        self._retry_s = retry_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{path.name}", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop watching, within a fraction of a second."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                watch.watch(self._path, self._changed, self._stop)
            except RosterError as error:
                # Polling goes on meanwhile; the repository may come (back) later.
                log.warning("watch_failed", repository=str(self._path), error=str(error))
                self._stop.wait(self._retry_s)

    def _changed(self) -> None:
        for name in self._names():
            self._queue.add(name, trigger=Trigger.WEBHOOK)

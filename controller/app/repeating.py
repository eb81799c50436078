"""Work that is done again and again while the controller runs."""

import threading
from collections.abc import Callable

import structlog

from controller.errors import RosterError

log = structlog.get_logger(__name__)


class Repeating:
    """A thread that works every so often, from `start` to `stop`, whatever becomes of it."""

    def __init__(
        self, name: str, work: Callable[[], object], *, every_s: float, first_s: float
    ) -> None:
        """Prepare it; the first time comes `first_s` after the start."""
        self._name, self._work = name, work
        self._every_s, self._first_s = every_s, first_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._stopping.wait(wait_s):
            wait_s = self._every_s
            try:
                self._work()
            except RosterError as error:
                log.warning("work_failed", work=self._name, problem=str(error))
            except Exception:
                # A fault of ours in one round must not end all later ones, unseen.
                log.exception("work_broke", work=self._name)

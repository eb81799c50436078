"""Forgets, once an hour, what is not to be kept."""

import threading
from collections.abc import Callable

import structlog

from controller.errors import RosterError

log = structlog.get_logger(__name__)

INTERVAL_S = 3600.0
FIRST_S = 60.0
"""After the start, which has other work."""


class Pruner:
    """A thread that prunes from `start` to `stop`."""

    def __init__(self, prune: Callable[[], tuple[int, int]]) -> None:
        """Prepare it; `prune` gives how many sessions and memories went."""
        self._prune = prune
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prune", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait_s = FIRST_S
        while not self._stopping.wait(wait_s):
            wait_s = INTERVAL_S
            try:
                sessions, memories = self._prune()
            except RosterError as error:
                log.warning("prune_failed", problem=str(error))
                continue
            if sessions or memories:
                log.info("conversations_pruned", sessions=sessions, memories=memories)

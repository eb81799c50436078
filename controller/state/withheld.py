"""What an agent needs again within its turn, and what must not be stored: its caller's credentials.

kagent's runtime stores the headers of a request as an event, and reads them back a moment later to
pass some of them on to tools. The database gets the event without credentials; for the length of a
turn, memory has the whole one for the agent that sent it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

TIME_S = 900.0
"""How long a turn may take."""
SIZE = 1000


class Withheld:
    """Events by session and id, for a while. Safe for threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def keep(self, document: str, event: str, data: str) -> None:
        """Remember an event as it came."""
        with self._lock:
            self._kept[document, event] = (self._now(), data)
            self._forget()

    def whole(self, document: str, event: str) -> str | None:
        """Give an event as it came; None where it is not remembered (any more)."""
        with self._lock:
            self._forget()
            _, data = self._kept.get((document, event), (0.0, None))
            return data

    def _forget(self) -> None:
        oldest = self._now() - TIME_S
        while self._kept:
            kept_at, _ = next(iter(self._kept.values()))
            if kept_at > oldest and len(self._kept) <= SIZE:
                return
            self._kept.popitem(last=False)

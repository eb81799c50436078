"""A bounded memory of work done, keyed by what it was done on."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Remembers results until their sizes add up to the limit; the longest unused go first.

    Safe for threads without a lock: every step is one operation of a dictionary, and the worst
    that a race does is to work something out twice.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[int, T]] = OrderedDict()

    def remember(self, key: Hashable, size_bytes: int, work: Callable[[], T]) -> T:
        """Give the result for a key, working it out if it is not remembered."""
        entry = self._entries.pop(key, None)
        if entry is None:
            entry = (size_bytes, work())
            self._bytes += size_bytes
        self._entries[key] = entry
        self._forget()
        return entry[1]

    def _forget(self) -> None:
        while self._bytes > self._max_bytes:
            try:
                _, (size_bytes, _result) = self._entries.popitem(last=False)
            except KeyError:
                self._bytes = 0
                return
            self._bytes -= size_bytes

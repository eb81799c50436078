"""A bounded memory of work done, keyed by what it was done on."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K")
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


class OfObject(Generic[K, T]):
    """Remembers what was worked out from an object, by the very object.

    For data that never changes and outlives the question: parsing gives the same definition for an
    unchanged file. Safe for threads as `Memory` is.
    """

    def __init__(self, work: Callable[[K], T], *, most: int = 20_000) -> None:
        self._work = work
        self._most = most
        self._entries: dict[int, tuple[K, T]] = {}

    def __call__(self, key: K) -> T:
        """Give the result for an object, working it out if it is not remembered."""
        known = self._entries.get(id(key))
        if known is not None and known[0] is key:
            return known[1]
        found = self._work(key)
        if len(self._entries) >= self._most:
            self._entries.clear()
        self._entries[id(key)] = (key, found)
        return found

"""Ways to fetch: how much is asked for at once, which not every server goes along with."""

from enum import StrEnum
from typing import Self


class Thrift(StrEnum):
    """Ways to fetch, thriftiest first."""

    PARTIAL = "partial"
    """One commit without contents, and the contents that are read."""
    SHALLOW = "shallow"
    """One commit."""
    NONE = "none"
    """All branches and tags with all history."""

    @property
    def options(self) -> tuple[str, ...]:
        """Options of `git fetch`."""
        return () if self is Thrift.NONE else ("--depth=1", *self.filter)

    @property
    def filter(self) -> tuple[str, ...]:
        """The option of `git fetch` that leaves contents out."""
        return ("--filter=blob:none",) if self is Thrift.PARTIAL else ()

    def less(self) -> Self:
        """Give the next way, which asks less of the server; the last one is its own."""
        ways = tuple(type(self))
        return ways[min(ways.index(self) + 1, len(ways) - 1)]

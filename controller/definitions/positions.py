"""Where every node of a document stands, worked out when somebody asks.

Most documents have no finding, so their positions are never needed: parsing keeps the document's
text and reads it a second time when somebody asks for the first position.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from controller.definitions import documents, syntax
from controller.definitions.catalog import Document, Path
from controller.definitions.findings import Position


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its key (or list item), and its value if that is a scalar."""

    line: int
    column: int
    value_line: int = 0
    style: str = ""
    """`|`, `>`, a quote, or empty for plain text and for collections."""


class Positions(Mapping[Path, tuple[int, int]]):
    """Line and column of every node of one document by path, found on first use."""

    __slots__ = ("_chunk", "_places", "_prefix")

    def __init__(self, chunk: documents.Chunk, prefix: Path = ()) -> None:
        """Remember the text of a document; paths are below `prefix` in it."""
        self._chunk = chunk
        self._prefix = prefix
        self._places: Mapping[Path, Place] | None = None

    def __getitem__(self, path: Path) -> tuple[int, int]:
        place = self.place(path)
        return place.line, place.column

    def __iter__(self) -> Iterator[Path]:
        size = len(self._prefix)
        return (path[size:] for path in self._located() if path[:size] == self._prefix)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def place(self, path: Path) -> Place:
        """Give the whole place of a node; KeyError where there is none."""
        return self._located()[self._prefix + path]

    def indentation(self, line: int) -> int:
        """Count the blanks at the beginning of a line of the file."""
        lines = self._chunk.text.split("\n")
        number = line - self._chunk.line
        text = lines[number] if number < len(lines) else ""
        return len(text) - len(text.lstrip(" "))

    def _located(self) -> Mapping[Path, Place]:
        if self._places is None:
            self._places = locate(self._chunk.text, self._chunk.line)
        return self._places


def inside(document: Document, path: Path, line: int) -> Position:
    """Give the place of a line (from 0) within a text value, where the text is a block scalar.

    Lines of other texts need not be lines of the file; then it is the place of the key.
    """
    positions = document.positions
    if isinstance(positions, Positions) and path in positions:
        place = positions.place(path)
        if place.style == "|":
            number = place.value_line + 1 + line
            return Position(document.file, number, positions.indentation(number) + 1)
    return document.position(path)


def locate(text: str, first_line: int = 1) -> Mapping[Path, Place]:
    """Give the places of all nodes of a document; of a broken one, those before the damage."""
    locator = _Locator(first_line - 1)
    try:
        for event in documents.events(text):
            if not locator.take(event):
                break
    except yaml.YAMLError:
        locator.places.setdefault((), Place(first_line, 1))
    return locator.places


@dataclass(slots=True)
class _Level:
    path: Path
    is_map: bool
    key: ScalarEvent | None = None
    count: int = 0


@dataclass(slots=True)
class _Locator:
    offset: int
    places: dict[Path, Place] = field(default_factory=dict)
    stack: list[_Level] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Take the next event; False when the rest is not worth reading."""
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.stack.pop()
        elif isinstance(event, ScalarEvent) and self._expects_key():
            self.stack[-1].key = event
        elif isinstance(event, NodeEvent):
            self._node(event)
        return len(self.stack) <= documents.MAX_DEPTH

    def _expects_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].is_map and self.stack[-1].key is None

    def _node(self, event: NodeEvent) -> None:
        path, anchor = self._where(event)
        line, column = syntax.place_of(anchor)
        place = Place(
            self.offset + line,
            column,
            self.offset + syntax.place_of(event)[0],
            event.style or "" if isinstance(event, ScalarEvent) else "",
        )
        self.places.setdefault(path, place)  # Of duplicate keys, the first.
        if not isinstance(event, ScalarEvent | AliasEvent):
            self.stack.append(_Level(path, isinstance(event, MappingStartEvent)))

    def _where(self, event: NodeEvent) -> tuple[Path, Event]:
        if not self.stack:
            return (), event
        level = self.stack[-1]
        if level.is_map and level.key is not None:
            key, level.key = level.key, None
            return (*level.path, sys.intern(key.value)), key
        level.count += 1
        return (*level.path, level.count - 1), event

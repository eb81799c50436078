"""YAML text to plain data: several documents a file, problems with line and column, bounded work.

The text comes from whoever may push, so this reads libyaml's events itself instead of calling
`yaml.load`: `compose` recurses in C and a megabyte of `[` kills the process; duplicate keys pass
silently; aliases make data that explodes when it is written out. Values are those of
`definitions.scalars`.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from controller.definitions import scalars, syntax
from controller.definitions.syntax import Problem

MAX_DEPTH = 100
"""Levels of nesting. Kubernetes' deepest types stay below 30; libyaml's time is quadratic in it."""
MAX_EXPANDED = 4_000_000
"""Characters and nodes of one document once its aliases are written out: etcd takes 1.5 MB."""

_BOUNDARY = re.compile(r"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)
_DIRECTIVES_ONLY = re.compile(r"(?:[ \t]*(?:#.*)?\n|%.*\n)*\Z")
_TAGS = {
    f"tag:yaml.org,2002:{name}": types
    for name, types in {
        "str": (str,),
        "int": (int,),
        "float": (float, int),
        "bool": (bool,),
        "null": (type(None),),
        "map": (dict,),
        "seq": (list,),
    }.items()
}
_STR = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one document, and the line of the file that it starts in, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a chunk says, and what is wrong with it; data is None where it cannot be read."""

    data: Any
    problems: tuple[Problem, ...] = ()


def split(text: str) -> list[Chunk]:
    """Cut a file's text into its documents, so that one that is broken does not hide the others.

    A line that starts with `---` or `...` ends a document wherever it stands, also inside a block
    scalar (YAML 1.2.2, section 9.1.2).
    """
    chunks: list[Chunk] = []
    start, line = 0, 1
    for end, next_start in _cuts(text):
        if end < next_start or not _holds_directives(text[start:end]):
            chunks.append(Chunk(line, text[start:end]))
            line += text.count("\n", start, next_start)
            start = next_start
    return [chunk for chunk in chunks if chunk.text.strip()]


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Give where documents may end and the next begin: `---` belongs to the next, `...` to none."""
    for match in _BOUNDARY.finditer(text):
        yield match.start(), match.end() if match[0] == "..." else match.start()
    yield len(text), len(text) + 1


def _holds_directives(text: str) -> bool:
    return "%" in text and _DIRECTIVES_ONLY.match(text) is not None


def build(text: str) -> Built:
    """Read one document; never raises, whatever the text is."""
    builder = _Builder()
    try:
        for event in events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        return Built(data=None, problems=(*builder.problems, syntax.explain(text, error)))
    except _StoppedError as error:
        problem = syntax.with_template_hint(text, error.problem)
        return Built(data=None, problems=(*builder.problems, problem))
    return Built(data=builder.root, problems=tuple(builder.problems))


def events(text: str) -> Iterator[Event]:
    """Give libyaml's events of the text, one by one."""
    parser = CParser(text)
    while (event := parser.get_event()) is not None:
        yield event


class _StoppedError(Exception):
    """The rest of a document is not worth reading."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


_NO_KEY = object()
_MERGE = object()


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled."""

    values: Any
    is_map: bool
    anchor: str | None
    size: int = 1
    key: Any = _NO_KEY
    merged: list[Any] = field(default_factory=list)

    @property
    def place(self) -> str | int:
        if not self.is_map:
            return len(self.values)
        return "<<" if self.key is _MERGE else str(self.key)


class _Builder:
    def __init__(self) -> None:
        self.root: Any = None
        self.problems: list[Problem] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            self._open(event, {}, is_map=True)
        elif isinstance(event, SequenceStartEvent):
            self._open(event, [], is_map=False)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)

    def _scalar(self, event: ScalarEvent) -> None:
        text = event.value
        if self._expects_key():
            self._key(event)
            return
        if event.tag is None:
            value = self._plain(event) if event.implicit[0] else text
        else:
            value = self._tagged(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, len(text) + 1)
        self._add(value, len(text) + 1, event)

    def _expects_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_map and self._stack[-1].key is _NO_KEY

    def _key(self, event: ScalarEvent) -> None:
        frame = self._stack[-1]
        is_merge = event.value == "<<" and event.implicit[0]
        # The same few words are the keys of every document: kept once.
        frame.key = _MERGE if is_merge else sys.intern(event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (event.value, len(event.value) + 1)
        if event.value in frame.values:
            self.problems.append(syntax.duplicate_key(event, self._path()))

    def _path(self) -> tuple[str | int, ...]:
        return tuple(frame.place for frame in self._stack)

    def _plain(self, event: ScalarEvent) -> Any:
        try:
            return scalars.resolve(event.value)
        except ValueError as error:
            self.problems.append(syntax.no_number(event, str(error)))
            return event.value

    def _tagged(self, event: ScalarEvent) -> Any:
        if event.tag in {"!", _STR}:
            return event.value
        value = self._plain(event)
        if not isinstance(value, _TAGS.get(event.tag or "", ())):
            self.problems.append(syntax.unsupported_tag(event, event.tag or ""))
            return event.value
        return value

    def _open(
        self, event: MappingStartEvent | SequenceStartEvent, values: Any, *, is_map: bool
    ) -> None:
        if self._expects_key():
            raise _StoppedError(syntax.complex_key(event))
        if len(self._stack) >= MAX_DEPTH:
            raise _StoppedError(syntax.too_deep(event, MAX_DEPTH))
        if event.tag not in {None, "!"} and not isinstance(values, _TAGS.get(event.tag, ())):
            self.problems.append(syntax.unsupported_tag(event, event.tag))
        self._stack.append(_Frame(values, is_map, event.anchor))

    def _close(self, event: Event) -> None:
        frame = self._stack.pop()
        if frame.merged:
            frame.values = self._merge(frame, event)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.values, frame.size)
        self._add(frame.values, frame.size, event)

    def _merge(self, frame: _Frame, event: Event) -> dict[str, Any]:
        """Lay a mapping over those its `<<` names; of several, the first counts most."""
        result: dict[str, Any] = {}
        for source in reversed(frame.merged):
            for values in reversed(source if isinstance(source, list) else [source]):
                if isinstance(values, dict):
                    result.update(values)
                else:
                    self.problems.append(syntax.bad_merge(event))
        return {**result, **frame.values}

    def _alias(self, event: AliasEvent) -> None:
        if self._expects_key():
            raise _StoppedError(syntax.complex_key(event))
        if event.anchor not in self._anchors:
            is_open = any(frame.anchor == event.anchor for frame in self._stack)
            raise _StoppedError(syntax.bad_alias(event, is_open=is_open))
        value, size = self._anchors[event.anchor]
        self._add(value, size, event)

    def _add(self, value: Any, size: int, event: Event) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.size += size
        if frame.size > MAX_EXPANDED:
            raise _StoppedError(syntax.too_large(event, MAX_EXPANDED))
        if not frame.is_map:
            frame.values.append(value)
            return
        if frame.key is _MERGE:
            frame.merged.append(value)
        else:
            frame.values.setdefault(frame.key, value)
        frame.key = _NO_KEY

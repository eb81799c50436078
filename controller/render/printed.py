"""The text that a template printed, read back as YAML: plain data, bounded.

A template may print anything. libyaml builds nested nodes by recursion in C, where a megabyte of
`[` ends the process and not just the template; so the depth is counted before, and anchors, whose
aliases can unfold to more than memory holds, are refused.
"""

from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event

from controller.objects import shared

MAX_DEPTH = 100


class PrintedError(Exception):
    """Text that is not YAML, or too deep; the line counts from 0."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def read(text: str, *, is_trusted: bool) -> list[Any]:
    """Give the documents of a text, without empty ones.

    Roster's own templates print nothing but what they say and values of definitions, whose depth is
    bounded already; counting costs more than reading.

    Raises:
        PrintedError: it cannot be read.
    """
    try:
        if not is_trusted:
            _check_shape(text)
        documents = yaml.load_all(text, yaml.CSafeLoader)
        return [shared(item) for item in documents if item is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PrintedError(str(error.problem), mark.line if mark else 0) from error
    except (yaml.YAMLError, ValueError) as error:
        raise PrintedError(str(error), 0) from error


def _check_shape(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise PrintedError(f"deeper than {MAX_DEPTH} levels", _line(event))
        if isinstance(event, AliasEvent):
            raise PrintedError("aliases are not taken here", _line(event))


def _line(event: Event) -> int:
    return event.start_mark.line if event.start_mark else 0

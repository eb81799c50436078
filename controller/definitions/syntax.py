"""What can be wrong with YAML text, said so that the author knows what to type instead."""

import re
from dataclasses import dataclass, replace

import yaml
from yaml.events import AliasEvent, Event, NodeEvent

from controller.definitions.catalog import Path

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONFLICT = re.compile(r"^(<{7} |={7}\s*$|>{7} )", re.MULTILINE)


_TEMPLATE = re.compile(r"\{\{|\{%")
_TEMPLATE_REMEDY = (
    "Quote the text if it is meant literally. Helm and Jinja templates are not rendered: "
    "commit their output, or move them to a folder whose name starts with a dot."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong in a text; line and column count from 1 within that text."""

    rule: str
    message: str
    remedy: str
    line: int
    column: int
    path: Path | None = None
    """The path of the node concerned, where the same path exists a first time elsewhere."""


def explain(text: str, error: yaml.YAMLError) -> Problem:
    """Translate an error of the YAML reader."""
    if conflict := _CONFLICT.search(text):
        return _at_offset(
            text,
            conflict.start(),
            rule="merge-conflict",
            message="git's markers of an unresolved merge conflict",
            remedy="Resolve the conflict, remove the marker lines and commit again.",
        )
    if isinstance(error, yaml.MarkedYAMLError) and (mark := _mark(error)):
        return _explain_marked(text, error, *mark)
    return _explain_unreadable(text, error)


def _mark(error: yaml.MarkedYAMLError) -> tuple[int, int] | None:
    """Give line and column from 0: of the opening bracket or quote where the closing one lacks."""
    is_unclosed = (error.context or "").startswith(("while parsing a flow", "while scanning a quo"))
    mark = (error.context_mark if is_unclosed else None) or error.problem_mark
    return (mark.line, mark.column) if mark else None


def _explain_unreadable(text: str, error: yaml.YAMLError) -> Problem:
    bad = _FORBIDDEN.search(text)
    if bad is None:
        return Problem(
            rule="invalid-yaml",
            message=f"the text is no valid YAML: {error}",
            remedy="Correct the text.",
            line=1,
            column=1,
        )
    return _at_offset(
        text,
        bad.start(),
        rule="invalid-yaml",
        message=f"the control character U+{ord(bad[0]):04X} is not allowed in YAML",
        remedy='Remove it, or write it as an escape in a double-quoted text: "\\x1b".',
    )


def _at_offset(text: str, offset: int, *, rule: str, message: str, remedy: str) -> Problem:
    return Problem(
        rule=rule,
        message=message,
        remedy=remedy,
        line=text.count("\n", 0, offset) + 1,
        column=offset - text.rfind("\n", 0, offset),
    )


def _explain_marked(text: str, error: yaml.MarkedYAMLError, line: int, column: int) -> Problem:
    problem = error.problem or "it cannot be read"
    context = f" {error.context}" if error.context else ""
    return Problem(
        rule="invalid-yaml",
        message=f"invalid YAML{context}: {problem}",
        remedy=_remedy(_line(text, line), problem),
        line=line + 1,
        column=column + 1,
    )


def with_template_hint(text: str, problem: Problem) -> Problem:
    """Give the problem with a better remedy where its line is one of a Helm or Jinja template."""
    is_template = _TEMPLATE.search(_line(text, problem.line - 1))
    return replace(problem, remedy=_TEMPLATE_REMEDY) if is_template else problem


def _line(text: str, index: int) -> str:
    """Give a line of the text; YAML counts breaks that are none to others, such as U+0085."""
    lines = text.split("\n")
    return lines[index] if index < len(lines) else ""


def _remedy(line: str, problem: str) -> str:
    before = line[: len(line) - len(line.lstrip())]
    if "\t" in before:
        return "Indent with spaces: YAML allows no tabs there."
    if _TEMPLATE.search(line):
        return _TEMPLATE_REMEDY
    if "mapping values" in problem:
        return "Put the text in quotes if it contains ': ', or correct the indentation."
    if "cannot start any token" in problem:
        return "Put the text in quotes: @, ` and % cannot start an unquoted text."
    return "Correct the indentation, quotes and brackets around this place."


def place_of(event: Event) -> tuple[int, int]:
    """Give line and column of an event, from 1."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _at(event: Event, *, rule: str, message: str, remedy: str, path: Path | None = None) -> Problem:
    line, column = place_of(event)
    return Problem(
        rule=rule,
        message=message,
        remedy=remedy,
        line=line,
        column=column,
        path=path,
    )


def duplicate_key(event: Event, path: Path) -> Problem:
    """The same key twice in one mapping."""
    return _at(
        event,
        rule="duplicate-key",
        message=f"the key {str(path[-1])!r} is given twice",
        remedy="Keep one of the two, or rename one if two different keys were meant.",
        path=path,
    )


def no_number(event: Event, reason: str) -> Problem:
    """A number that JSON cannot carry."""
    return _at(
        event,
        rule="unsupported-yaml",
        message=f"not usable as a number: {reason}",
        remedy="Put it in quotes if it is meant as text.",
    )


def unsupported_tag(event: Event, tag: str) -> Problem:
    """A tag that no Kubernetes object can hold."""
    return _at(
        event,
        rule="unsupported-yaml",
        message=f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} is not supported here",
        remedy="Remove the tag and write the value itself; text goes in quotes.",
    )


def complex_key(event: Event) -> Problem:
    """A key that is a list, a mapping or an alias."""
    return _at(
        event,
        rule="unsupported-yaml",
        message="a key must be text, and this one is a list, a mapping or an alias",
        remedy="Write the key as text; put it in quotes if it starts with [, { or *.",
    )


def too_deep(event: Event, limit: int) -> Problem:
    """Nesting beyond the limit."""
    return _at(
        event,
        rule="too-large",
        message=f"nested deeper than {limit} levels",
        remedy="No Kubernetes object is nested so deeply: flatten it.",
    )


def too_large(event: Event, limit: int) -> Problem:
    """More than the limit of characters once aliases are written out."""
    return _at(
        event,
        rule="too-large",
        message=f"the document has more than {limit:,} characters once its aliases are expanded",
        remedy="Kubernetes takes objects of about 1 MB: split it, or use fewer aliases.",
    )


def bad_alias(event: AliasEvent, *, is_open: bool) -> Problem:
    """An alias to nothing, or to a node that contains it."""
    anchor = event.anchor
    refers = "refers to a value that contains it" if is_open else "refers to no anchor before it"
    return _at(
        event,
        rule="invalid-yaml",
        message=f"the alias *{anchor} {refers}",
        remedy=f"Define &{anchor} before it in the same document, or quote the text if it is none.",
    )


def bad_merge(event: NodeEvent | Event) -> Problem:
    """A `<<` whose value is no mapping."""
    return _at(
        event,
        rule="unsupported-yaml",
        message="the merge key << needs a mapping, or a list of mappings",
        remedy="Point it to a mapping: `<<: *name`.",
    )

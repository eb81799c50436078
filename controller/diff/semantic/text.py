"""A semantic diff as lines for people: the one form that all renderings share.

A line is a row of spans, each with a style; `plain` joins them, `markdown` and the dashboard's
template mark them up, and the command line colours them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from controller.definitions.findings import DefinitionId
from controller.diff.semantic import shown
from controller.diff.semantic.change import Change, Kind, Mark, Piece, SemanticDiff

_CODE = re.compile(r"`([^`]*)`")
_MOST_NAMES = 12
MOST_CHANGES = 200
"""More than a person reads at once; JSON has them all."""


class Style(StrEnum):
    """What a span is."""

    PLAIN = "plain"
    CODE = "code"
    """A name or value of the repository."""
    TITLE = "title"
    MUTED = "muted"
    PLACE = "place"
    """File and line, or a revision."""
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    ADDED = "added"
    REMOVED = "removed"
    GAP = "gap"


class Role(StrEnum):
    """What a line is."""

    TOTAL = "total"
    DEFINITION = "definition"
    CHANGE = "change"
    WORDS = "words"
    """Part of a compared text; several follow each other."""
    REACH = "reach"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line without a line break."""

    style: Style
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    role: Role
    spans: tuple[Span, ...]


def lines(diff: SemanticDiff, *, most: int = MOST_CHANGES) -> Iterator[Line]:
    """Give the lines of a diff; a single one where nothing changed.

    Args:
        diff: what to tell.
        most: number of changes after which the rest is only counted.
    """
    yield Line(Role.TOTAL, tuple(_total(diff)))
    told = diff.changes[:most]
    for definition, changes in _by_definition(told):
        yield from _definition(definition, changes)
    if len(diff.changes) > most:
        rest = f"… and {len(diff.changes) - most} more changes"
        yield Line(Role.TOTAL, (Span(Style.MUTED, rest),))


def _total(diff: SemanticDiff) -> Iterator[Span]:
    if not diff.changes:
        yield Span(Style.MUTED, "No definition changed.")
        return
    for number, (severity, count) in enumerate(diff.counts.items()):
        yield Span(Style.PLAIN, ", " if number else "")
        yield Span(Style(severity), f"{count} {severity}")
    definitions = len({change.definition for change in diff.changes})
    yield Span(Style.PLAIN, f" in {definitions} definition{'s' if definitions > 1 else ''}")
    if diff.before or diff.after:
        yield Span(Style.MUTED, " · ")
        yield Span(Style.PLACE, name_of(diff.before))
        yield Span(Style.MUTED, " → ")
        yield Span(Style.PLACE, name_of(diff.after))


def name_of(revision: str) -> str:
    """Give a revision as people write it."""
    return shown.visible(revision)[:7] if revision else "not committed"


def _by_definition(
    changes: Sequence[Change],
) -> Iterator[tuple[DefinitionId, tuple[Change, ...]]]:
    """Group changes; the definition with the most important change comes first."""
    order = {id_: number for number, id_ in enumerate(dict.fromkeys(c.definition for c in changes))}
    ordered = sorted(changes, key=lambda change: order[change.definition])
    for definition, found in groupby(ordered, key=lambda change: change.definition):
        # That it came or went is said before all that follows from it.
        yield definition, tuple(sorted(found, key=lambda c: c.kind is not Kind.DEFINITION))


def _definition(definition: DefinitionId, changes: Sequence[Change]) -> Iterator[Line]:
    yield Line(Role.DEFINITION, (Span(Style.TITLE, shown.visible(str(definition))),))
    for change in changes:
        yield from _change(change)
    yield from _reach(definition, changes)


def _change(change: Change) -> Iterator[Line]:
    # "description: description added" says nothing that "description added" does not.
    kind = "" if change.summary.startswith(change.kind) else f"{change.kind}: "
    place = f"{shown.visible(change.position.file)}:{change.position.line}"
    yield Line(
        Role.CHANGE,
        (
            Span(Style(change.severity), f"{change.severity:<6}"),
            Span(Style.PLAIN, f" {kind}"),
            *_coded(change.summary),
            Span(Style.PLAIN, "  "),
            Span(Style.PLACE, place),
        ),
    )
    yield from _words(change.pieces)


def _coded(summary: str) -> Iterator[Span]:
    for number, part in enumerate(_CODE.split(summary)):
        if part:
            yield Span(Style.CODE if number % 2 else Style.PLAIN, part)


_STYLES = {
    Mark.SAME: Style.PLAIN,
    Mark.ADDED: Style.ADDED,
    Mark.REMOVED: Style.REMOVED,
    Mark.GAP: Style.GAP,
}


def _words(pieces: Sequence[Piece]) -> Iterator[Line]:
    spans: list[Span] = []
    for piece in pieces:
        first, *others = piece.text.split("\n")
        spans.append(Span(_STYLES[piece.mark], first))
        for part in others:
            yield Line(Role.WORDS, tuple(span for span in spans if span.text))
            spans = [Span(_STYLES[piece.mark], part)]
    if any(span.text for span in spans):
        yield Line(Role.WORDS, tuple(span for span in spans if span.text))


def _reach(definition: DefinitionId, changes: Sequence[Change]) -> Iterator[Line]:
    users = [a for a in dict.fromkeys(a for c in changes for a in c.agents) if a != definition]
    callers = list(dict.fromkeys(a for c in changes for a in c.reaches))
    for verb, found in (("used by ", users), ("called by ", callers)):
        if found:
            yield Line(Role.REACH, (Span(Style.MUTED, verb), *_names(found)))


def _names(agents: Sequence[DefinitionId]) -> Iterator[Span]:
    for number, agent in enumerate(agents[:_MOST_NAMES]):
        yield Span(Style.PLAIN, ", " if number else "")
        yield Span(Style.CODE, shown.visible(f"{agent.namespace}/{agent.name}"))
    if len(agents) > _MOST_NAMES:
        yield Span(Style.MUTED, f" and {len(agents) - _MOST_NAMES} more")

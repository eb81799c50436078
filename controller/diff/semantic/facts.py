"""A definition's spec as facts with names, kinds and weights, compared one by one.

A table of rules says what each field is about; a field without a rule is told by its path, so that
nothing changes unseen. Lists are sets of named items: an environment variable that moves up by one
line is no change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pydantic

from controller.definitions.catalog import Document, Path
from controller.definitions.findings import Position
from controller.diff import paths
from controller.diff.semantic import shown
from controller.diff.semantic.change import Kind, Severity

Names: TypeAlias = tuple[str, ...]
"""Where a value stands, list items by their name or value: `deployment`, `env`, `LOG_LEVEL`."""
Weigh: TypeAlias = Callable[[Any, Any], Severity]
"""Gives the severity for the value before and after; None where there is none."""

ANY = "*"


def always(severity: Severity) -> Weigh:
    """Weigh every change alike."""
    return lambda _before, _after: severity


def when_added(severity: Severity, otherwise: Severity = Severity.LOW) -> Weigh:
    """Weigh what comes or becomes something else more than what goes."""
    return lambda _before, after: otherwise if after in (None, False) else severity


def when_removed(severity: Severity, otherwise: Severity = Severity.LOW) -> Weigh:
    """Weigh what goes more than what comes."""
    return lambda _before, after: severity if after in (None, False) else otherwise


def when_switched(severity: Severity, otherwise: Severity = Severity.MEDIUM) -> Weigh:
    """Weigh another value in the place of one more than what comes or goes."""
    return lambda before, after: otherwise if None in {before, after} else severity


LOW, MEDIUM, HIGH = (
    always(severity) for severity in (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the values at and below a place are about."""

    at: Names
    """`*` stands for any name."""
    kind: Kind
    label: str
    """Name of the fact; `{}` are filled with what `*` stands for."""
    weigh: Weigh = LOW
    show: Callable[[Any], str] | None = shown.value
    """None for what must not be shown: that it changed is all that is said."""
    is_whole: bool = False
    """Whether everything below is one fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value with what it is about."""

    rule: Rule
    label: str
    path: Path
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A changed fact in words."""

    kind: Kind
    severity: Severity
    summary: str
    position: Position


Facts: TypeAlias = Mapping[Names, Fact]


def of(
    spec: pydantic.BaseModel,
    rules: Sequence[Rule],
    *,
    without: Sequence[Names],
    without_defaults: bool = False,
) -> Facts:
    """Take a spec apart.

    Args:
        spec: of a definition.
        rules: of its kind; the last one that fits best counts, and `()` fits everything.
        without: places that are compared elsewhere.
        without_defaults: leave out what is as it would be by itself: there is nothing to compare
            it with. Otherwise defaults are filled in, so that writing one down is no change.
    """
    content = spec.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=without_defaults
    )
    return {
        names: _fact(rule, names, path, value)
        for names, path, rule, value in _walk(content, (), ("spec",), rules)
        if not any(_fits(place, names) for place in without)
    }


def compare(
    before: Facts, after: Facts, old: Document | None, new: Document | None
) -> Iterator[Told]:
    """Give the facts that differ; a document is None where the definition is not there."""
    for names in dict.fromkeys([*after, *before]):
        was, now = before.get(names), after.get(names)
        fact = now or was
        if fact is None or (was and now and was.value == now.value):
            continue
        if fact.value is False and not (was and now):
            # A block that comes or goes brings its switches along, which are off.
            continue
        document = new or old if now else old or new
        yield Told(
            kind=fact.rule.kind,
            severity=fact.rule.weigh(was and was.value, now and now.value),
            summary=_summary(fact, was, now),
            position=document.position(fact.path) if document else Position(""),
        )


def _summary(fact: Fact, was: Fact | None, now: Fact | None) -> str:
    label, show = fact.label, fact.rule.show
    if was is None or now is None:
        return _came_or_went(fact, is_new=was is None)
    if show is None:
        return f"{label} changed"
    one, other = show(was.value), show(now.value)
    return f"{label} {one} → {other}" if one != other else f"{label} changed (how is not shown)"


def _came_or_went(fact: Fact, *, is_new: bool) -> str:
    told = fact.rule.show(fact.value) if fact.rule.show and fact.value is not True else ""
    is_member = fact.rule.at[-1:] == (ANY,) or not told
    if is_member:
        return f"{fact.label} {'added' if is_new else 'removed'}{f': {told}' if told else ''}"
    return f"{fact.label} set to {told}" if is_new else f"{fact.label} no longer set, was {told}"


def _walk(
    value: Any, names: Names, path: Path, rules: Sequence[Rule]
) -> Iterator[tuple[Names, Path, Rule, Any]]:
    rule = _rule(names, rules)
    is_whole = rule.is_whole and len(rule.at) == len(names)
    if isinstance(value, Mapping) and not is_whole:
        for name, inner in value.items():
            yield from _walk(inner, (*names, str(name)), (*path, name), rules)
    elif isinstance(value, list) and not is_whole:
        for name, index in _named(value):
            yield from _walk(_member(value[index]), (*names, name), (*path, index), rules)
    elif value not in ([], {}):
        # What is empty says the same as what is left out.
        yield names, path, rule, value


def _named(items: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Give a name for each item: its key, else its value, else its place."""
    keys = paths.list_key(items)
    for index, item in enumerate(items):
        if keys is not None:
            yield ",".join(str(part) for _, part in paths.key_of(item, keys)), index
        elif isinstance(item, Mapping):
            yield str(item.get("url") or item.get("uri") or index), index
        elif isinstance(item, list):
            yield str(index), index
        else:
            yield str(item), index


def _member(item: Any) -> Any:
    """A plain item of a list is its own name, and all there is to say is that it is there."""
    return item if isinstance(item, Mapping | list) else True


def _rule(names: Names, rules: Sequence[Rule]) -> Rule:
    fitting = [rule for rule in reversed(rules) if _fits(rule.at, names)]
    return max(fitting, key=lambda rule: (len(rule.at), -rule.at.count(ANY)))


def _fits(place: Names, names: Names) -> bool:
    return len(place) <= len(names) and all(
        part in {ANY, name} for part, name in zip(place, names, strict=False)
    )


def _fact(rule: Rule, names: Names, path: Path, value: Any) -> Fact:
    filled = [shown.code(n) for p, n in zip(rule.at, names, strict=False) if p == ANY]
    rest = ".".join(names[len(rule.at) :])
    label = " ".join(
        part for part in (rule.label.format(*filled), rest and shown.code(rest)) if part
    )
    return Fact(rule=rule, label=label, path=path, value=value)

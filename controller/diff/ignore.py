"""Fields that git leaves to others: an autoscaler's replicas, an operator's annotation.

An application names them by rules (Argo CD's `ignoreDifferences`), an object by the annotation
`roster.dev/ignore-differences` (JSON pointers, one a line or separated by commas). They are left
out at the comparison and at the apply alike (Argo CD's default leaves them out of the comparison
only, and then overwrites them at the next sync). The value in git is the initial one: an object
that does not exist yet gets it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from controller.diff import fields, normalise, places
from controller.diff.places import ABSENT, Path, Place
from controller.objects import Manifest, ObjectKey, pointers
from controller.objects.metadata import FIELD_MANAGER, IGNORE_DIFFERENCES, annotations

Finder: TypeAlias = Callable[[str, Manifest], tuple[Path, ...]]
"""Gives the paths that a jq path expression stands for in an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which fields of which objects are left to others; fields as in Argo CD."""

    group: str = ""
    """With wildcards; the core group where empty."""
    kind: str = "*"
    """With wildcards."""
    name: str = ""
    """Any where empty."""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


def matching(rules: Iterable[Rule], key: ObjectKey) -> tuple[Rule, ...]:
    """Give the rules that speak of an object."""
    return tuple(
        rule
        for rule in rules
        if fnmatchcase(key.group, rule.group)
        and fnmatchcase(key.kind, rule.kind)
        and rule.name in {"", key.name}
        and rule.namespace in {"", key.namespace}
    )


def _nothing(expression: str, manifest: Manifest) -> tuple[Path, ...]:
    del expression, manifest
    return ()


def without_ignored(
    desired: Manifest,
    live: Manifest | None,
    rules: Iterable[Rule] = (),
    *,
    find: Finder = _nothing,
    manager: str = FIELD_MANAGER,
) -> Manifest:
    """Give what to compare and to apply in place of the desired manifest.

    A field that another manager owns is left out. One that only we own takes its live value: left
    out, the server would delete it with our ownership (the rule of Flux's `spec.ignore`).

    Args:
        desired: the manifest of git.
        live: the object in the cluster, None where there is none.
        rules: those of the application that speak of this object.
        find: evaluates their jq expressions; what it raises goes on to the caller.
        manager: the field manager that stands for us.
    """
    rules = (*rules, *_own_rule(desired))
    if live is None or not rules:
        return desired
    if normalise.is_secret(desired) and desired.get("stringData"):
        # The live object has all values under `data`, where the rules look for them.
        desired = normalise.with_data_only(desired)
    for place in dict.fromkeys(_places(desired, live, rules, find, manager)):
        desired = _left_alone(desired, live, place, manager)
    return desired


def _own_rule(desired: Manifest) -> Iterator[Rule]:
    text = annotations(desired).get(IGNORE_DIFFERENCES)
    if text:
        yield Rule(json_pointers=tuple(listed(text)))


def listed(text: str) -> Iterator[str]:
    """Give the JSON pointers that the annotation names."""
    for part in text.replace(",", "\n").splitlines():
        if part.strip():
            yield part.strip()


def _places(
    desired: Manifest, live: Manifest, rules: Iterable[Rule], find: Finder, manager: str
) -> Iterator[Place]:
    """Give every place that a rule names, in the desired or in the live object."""
    for rule in rules:
        for state in (desired, live):
            for path in _paths(state, rule, find):
                place = places.of(state, path)
                if place:
                    yield place
        for other in rule.managed_fields_managers:
            if other != manager:
                yield from fields.owned_by(live, other)


def _paths(state: Manifest, rule: Rule, find: Finder) -> Iterator[Path]:
    for pointer in rule.json_pointers:
        try:
            yield pointers.parse(pointer)
        except ValueError:  # reported where it is written
            continue
    for expression in rule.jq_path_expressions:
        yield from find(expression, state)


def _left_alone(desired: Manifest, live: Manifest, place: Place, manager: str) -> Manifest:
    """Give the desired object with one field left to others, or kept as it is live."""
    is_desired = places.value(desired, place) is not ABSENT
    kept = places.value(live, place)
    result: Manifest
    if fields.is_owned_by_others(live, manager, place) or kept is ABSENT:
        result = places.replaced(desired, place, ABSENT) if is_desired else desired
    elif is_desired or fields.reaches(fields.applied_by(live, manager) or {}, place, live):
        result = places.replaced(desired, place, kept)
    else:
        result = desired
    return result

"""Validation rules in CEL (`x-kubernetes-validations`) of custom resources' schemas.

The library evaluates the language itself; Kubernetes' own functions (`isURL`, `isSorted` …) and
optionals it lacks. A rule that it cannot evaluate is passed over: a local cluster must not refuse
what a real one takes.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from controller.local.apiserver.errors import Cause, invalid_value
from controller.local.apiserver.merge import element_of
from controller.local.apiserver.schema import Type

_ABSENT: Any = object()
_RULES = "x-kubernetes-validations"
_REASONS = frozenset(
    ["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"]
)


@lru_cache(maxsize=1000)
def _program(text: str) -> Any:
    """Compile an expression; None where the library cannot."""
    import cel  # noqa: PLC0415 -- 20 MiB that only clusters with such rules need

    try:
        return cel.compile(text)
    except ValueError:
        return None


def _evaluated(text: str, names: Mapping[str, Any]) -> Any:
    program = _program(text)
    if program is None:
        return None
    try:
        return program.execute(dict(names))
    except (LookupError, RuntimeError, TypeError, ValueError):
        return None


def faults(value: Any, before: Any, kind: Type, path: str = "") -> Iterator[Cause]:
    """Find the rules that a value breaks; `before` is what it replaces, or None."""
    old = _ABSENT if before is None else before
    yield from _faults(value, old, kind, path)


def _faults(value: Any, old: Any, kind: Type, path: str) -> Iterator[Cause]:
    for rule in kind.node.get(_RULES, ()):
        yield from _broken(rule, value, old, path)
    if isinstance(value, Mapping):
        for name, item in value.items():
            child = kind.child(name)
            if child is not None and item is not None:
                was = old.get(name, _ABSENT) if isinstance(old, Mapping) else _ABSENT
                yield from _faults(item, was, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        former = _correlated(old, kind)
        for at, item in enumerate(value):
            was = former.get(element_of(item, kind), _ABSENT) if former else _ABSENT
            yield from _faults(item, was, kind.element, f"{path}[{at}]")


def _correlated(old: Any, kind: Type) -> Mapping[str, Any]:
    """Give the former items of a list by their keys; items of other lists have no former self."""
    if kind.list_type != "map" or not isinstance(old, list):
        return {}
    return {element_of(item, kind): item for item in old}


def _broken(rule: Mapping[str, Any], value: Any, old: Any, path: str) -> Iterator[Cause]:
    text = rule["rule"]
    names = {"self": value}
    if "oldSelf" in text:
        if old is _ABSENT:
            return
        names["oldSelf"] = old
    if _evaluated(text, names) is not False:
        return
    why = _message(rule, names)
    place = path + rule.get("fieldPath", "")
    found = invalid_value(place or "<nil>", _shown(value), why)
    reason = rule.get("reason", "FieldValueInvalid")
    if reason == "FieldValueForbidden":
        yield Cause(reason, place, f"Forbidden: {why}")
    elif reason == "FieldValueRequired":
        yield Cause(reason, place, f"Required value: {why}")
    else:
        yield Cause(reason if reason in _REASONS else found.reason, found.field, found.text)


def _message(rule: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    made = _evaluated(rule["messageExpression"], names) if "messageExpression" in rule else None
    if isinstance(made, str) and made.strip():
        return made
    return str(rule.get("message") or f"failed rule: {rule['rule']}").strip()


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "object"
    return "array" if isinstance(value, list) else value

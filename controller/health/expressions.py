"""Health checks of one's own: CEL expressions for kinds that the rules do not know.

The form and the order are those of Flux's `healthCheckExprs`: `inProgress`, `failed`, `current`;
where none of them is true, the object is still on its way. Expressions see the object's own fields
(`status`, `spec`, `metadata`, `data`), and only that object.

The library evaluates without a time limit and cannot be interrupted, so the work is bounded before
it begins: by the length of an expression, the nesting of its macros (`all`, `exists`, `filter`,
`map`), and the longest list of the object.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.errors import UsageError
from controller.health import assess as rules
from controller.health.conditions import HEALTHY, degraded, is_unobserved, progressing, status
from controller.health.status import Health, HealthStatus
from controller.objects import Manifest, group_of
from controller.settings import HealthCheck

_LONGEST = 2000
_MOST_STEPS = 100_000
"""Of macros inside of each other; some thirty milliseconds."""
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_MACRO_OR_PARENTHESIS = re.compile(r"\.(?:all|exists|exists_one|filter|map)\s*\(|[()]")
_FIELDS = ("metadata", "spec", "status", "data")


@dataclass(frozen=True, slots=True)
class _Expression:
    """A compiled expression and how deep its macros are nested."""

    name: str
    program: Any
    depth: int

    def is_true(self, names: Mapping[str, Any], longest: int) -> bool:
        """Evaluate. A field that is not there yet makes no expression true.

        Raises:
            _ExpressionError: it cannot be evaluated for this object.
        """
        if longest**self.depth > _MOST_STEPS:
            raise _ExpressionError(f"`{self.name}` would take too long: a list has {longest} items")
        try:
            found = self.program.execute(dict(names))
        except LookupError:
            return False
        except (RuntimeError, TypeError, ValueError) as error:
            raise _ExpressionError(f"`{self.name}` failed: {_first_sentence(error)}") from error
        if not isinstance(found, bool):
            raise _ExpressionError(f"`{self.name}` gave {found!r:.60}, not true or false")
        return found


class _ExpressionError(Exception):
    """An expression does not fit the object."""


@dataclass(frozen=True, slots=True)
class _Check:
    """The expressions for one kind."""

    in_progress: _Expression | None
    failed: _Expression | None
    current: _Expression

    def assess(self, manifest: Manifest) -> Health:
        """Judge an object, in Flux's order."""
        names = {field: manifest.get(field) or {} for field in _FIELDS} | {
            field: manifest.get(field, "") for field in ("apiVersion", "kind")
        }
        if status(manifest).get("observedGeneration") is not None and is_unobserved(manifest):
            return progressing("Waiting for the new spec to be observed.")
        longest = _longest(names)
        try:
            if self.in_progress and self.in_progress.is_true(names, longest):
                return progressing("The check `inProgress` holds.")
            if self.failed and self.failed.is_true(names, longest):
                return degraded("The check `failed` holds.")
            if self.current.is_true(names, longest):
                return HEALTHY
        except _ExpressionError as error:
            # Unknown is the worst: a check that cannot be evaluated must not pass for a good one.
            return Health(HealthStatus.UNKNOWN, f"The health check {error}.")
        return progressing("The check `current` does not hold yet.")


def assessor(checks: Iterable[HealthCheck]) -> rules.Assess:
    """Give the function that judges objects: by checks of their own, else by the rules.

    Raises:
        UsageError: an expression cannot be compiled, or is too long.
    """
    compiled = {(group_of(check.api_version), check.kind): _compiled(check) for check in checks}
    if not compiled:
        return rules.assess

    def assess(manifest: Manifest) -> Health:
        kind = (group_of(str(manifest.get("apiVersion", ""))), str(manifest.get("kind", "")))
        check = compiled.get(kind)
        return rules.assess(manifest, rule=check.assess if check else None)

    return assess


def _compiled(check: HealthCheck) -> _Check:
    return _Check(
        in_progress=_expression(check, "inProgress", check.in_progress),
        failed=_expression(check, "failed", check.failed),
        current=_needed(check),
    )


def _needed(check: HealthCheck) -> _Expression:
    found = _expression(check, "current", check.current)
    if found is None:
        raise UsageError(f"The health check of {check.kind} has no `current`.")
    return found


def _expression(check: HealthCheck, name: str, text: str) -> _Expression | None:
    if not text:
        return None
    import cel  # noqa: PLC0415 -- 20 MiB that only those with such checks need

    if len(text) > _LONGEST:
        raise UsageError(f"The expression `{name}` of {check.kind} is too long.")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise UsageError(
            f"The expression `{name}` of the health check of {check.kind} is wrong: {error}.",
            remedy="Correct it in healthChecks of the settings; it is written in CEL.",
        ) from error
    return _Expression(name, program, _depth(text))


def _depth(text: str) -> int:
    """Give how many macros stand inside of each other, each of which multiplies the work."""
    opened: list[bool] = []
    deepest = 0
    for found in _MACRO_OR_PARENTHESIS.findall(_STRING.sub("''", text)):
        if found == ")":
            if opened:
                opened.pop()
        else:
            opened.append(found != "(")
            deepest = max(deepest, sum(opened))
    return deepest


def _longest(value: Any) -> int:
    """Give the length of the longest list, mapping or text inside of a value."""
    if isinstance(value, Mapping):
        return max(len(value), max(map(_longest, value.values()), default=0))
    if isinstance(value, list):
        return max(len(value), max(map(_longest, value), default=0))
    return 0


def _first_sentence(error: Exception) -> str:
    return str(error).partition(". ")[0].rstrip(".")

"""Which fields of which objects are left to others: the list `ignoreDifferences`, and its checks.

The fields are those of Argo CD's Application.
"""

from collections.abc import Callable, Iterator

from pydantic import Field

from controller.definitions import modelerrors
from controller.definitions.schema import Model
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted
from controller.objects import pointers

_LONGEST_EXPRESSION = 4096
_WAYS = ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")


class IgnoreDifferences(Model):
    """Fields that are left to others, at the comparison and at the apply alike."""

    group: str = Field(
        default="", description="API group, with wildcards; left out, the core group."
    )
    kind: str = Field(min_length=1, description="Kind of the objects, with wildcards.")
    name: str = Field(default="", description="Name of the object; left out, any.")
    namespace: str = Field(default="", description="Namespace of the object; left out, any.")
    json_pointers: list[str] = Field(
        default_factory=list, description="Fields as JSON pointers, such as /spec/replicas."
    )
    jq_path_expressions: list[str] = Field(
        default_factory=list,
        description="Fields as jq path expressions, such as .spec.containers[].image.",
    )
    managed_fields_managers: list[str] = Field(
        default_factory=list,
        description="Field managers whose fields are left to them, such as an autoscaler's.",
    )


def check(rules: View) -> Iterator[Violation]:
    """Check what the model cannot: pointers, expressions, and rules that name no field."""
    for rule in rules.each():
        if not isinstance(rule.value, dict):
            continue
        if not any(rule[way].value for way in _WAYS):
            yield Violation(
                rule="nothing-ignored",
                path=rule.path,
                message=f"{dotted(rule.path)} names no field",
                remedy=f"Add {', '.join(_WAYS[:-1])} or {_WAYS[-1]}.",
            )
        yield from _each(rule["jsonPointers"], check_pointer)
        yield from _each(rule["jqPathExpressions"], _check_expression)


def _each(
    texts: View, check_one: Callable[[View, str], Iterator[Violation]]
) -> Iterator[Violation]:
    for text in texts.each():
        if isinstance(text.value, str):
            yield from check_one(text, text.value)


def check_pointer(place: View, pointer: str) -> Iterator[Violation]:
    """Check one JSON pointer that stands at a place."""
    try:
        pointers.parse(pointer)
    except ValueError as error:
        yield Violation(
            rule="invalid-pointer",
            path=place.path,
            message=f"{dotted(place.path)} is no JSON pointer: {error}",
            remedy="Write it as /spec/replicas; a '/' in a name is ~1, a '~' is ~0.",
        )


def _check_expression(place: View, expression: str) -> Iterator[Violation]:
    problem = _problem(expression)
    if problem:
        shown = modelerrors.shortened(expression)
        yield Violation(
            rule="invalid-jq-expression",
            path=place.path,
            message=f"{dotted(place.path)} is no jq path expression: {shown!r}: {problem}",
            remedy="Write it as .spec.template.spec.containers[].image.",
        )


def _problem(expression: str) -> str:
    """Compile the expression without evaluating it; that is done where it can be stopped."""
    if len(expression) > _LONGEST_EXPRESSION:
        return f"it is longer than {_LONGEST_EXPRESSION} characters"
    # Loaded only where an application has such rules.
    import jq  # type: ignore[import-not-found]  # noqa: PLC0415 -- a C extension without stubs

    try:
        jq.compile(f"path({expression}\n)")
    except ValueError as error:
        first = str(error).strip().splitlines()[0]
        return first.removeprefix("jq: error: ").partition(" at <")[0]
    return ""

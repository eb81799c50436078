from collections.abc import Mapping
from typing import Any

import pytest

from controller.definitions import selectors
from controller.definitions.view import View


def expression(operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": "team", "operator": operator, "values": [*values]}]}


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        ({}, {}, True),
        ({"matchLabels": {"team": "a"}}, {"team": "a", "x": "y"}, True),
        ({"matchLabels": {"team": "a"}}, {"team": "b"}, False),
        ({"matchLabels": {"team": "a"}}, {}, False),
        (expression("In", "a", "b"), {"team": "b"}, True),
        (expression("In", "a"), {}, False),
        (expression("NotIn", "a"), {}, True),
        (expression("NotIn", "a"), {"team": "a"}, False),
        (expression("Exists"), {"team": ""}, True),
        (expression("Exists"), {}, False),
        (expression("DoesNotExist"), {}, True),
        (expression("DoesNotExist"), {"team": "a"}, False),
        (expression("Like", "a"), {"team": "a"}, False),
    ],
    ids=str,
)
def test_selectors_match_as_in_kubernetes(
    selector: dict[str, Any], labels: dict[str, str], *, expected: bool
) -> None:
    assert selectors.matches(View(selector), labels) is expected


SELECTOR = {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}


@pytest.mark.parametrize(
    ("access", "labels", "expected"),
    [
        (None, {}, False),
        ({}, {}, False),
        ({"from": "Same"}, {}, False),
        ({"from": "All"}, None, True),
        ({"from": "Selector"}, {}, False),
        (SELECTOR, {"team": "a"}, True),
        (SELECTOR, {}, False),
        (SELECTOR, None, None),
    ],
    ids=str,
)
def test_other_namespaces_are_let_in_as_the_object_says(
    access: object, labels: Mapping[str, str] | None, *, expected: bool | None
) -> None:
    assert selectors.allows(View(access), labels) is expected

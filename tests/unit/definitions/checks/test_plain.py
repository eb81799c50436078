from typing import Any

import pytest

from controller.definitions.checks import plain
from controller.definitions.view import View


def broken(document: dict[str, Any], kind: str = "ConfigMap", group: str = "") -> list[str]:
    return [item.rule for item in plain.check(View(document), group, kind)]


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({}, "ConfigMap"),
        ({"data": {"a": "text"}, "binaryData": {"b": "aGk="}}, "ConfigMap"),
        ({"binaryData": {"b": "aG\nk="}}, "ConfigMap"),
        ({}, "Secret"),
        ({"data": {}, "stringData": {}}, "Secret"),
        ({"data": {"a": 1}}, "Deployment"),
    ],
    ids=str,
)
def test_good_manifests_break_no_rule(document: dict[str, Any], kind: str) -> None:
    assert broken(document, kind) == []


@pytest.mark.parametrize(
    ("document", "kind", "rules"),
    [
        ({"data": {"a": 1}}, "ConfigMap", ["wrong-type"]),
        ({"data": {"a": None}}, "ConfigMap", ["wrong-type"]),
        ({"data": ["a"]}, "ConfigMap", ["wrong-type"]),
        ({"binaryData": {"a": "?"}}, "ConfigMap", ["wrong-format"]),
        ({"data": {"a": "aGk="}}, "Secret", ["secret-in-git"]),
        ({"stringData": {"a": "b"}, "data": {"a": "aGk="}}, "Secret", ["secret-in-git"]),
        ({"data": {"a": "a text!"}}, "Secret", ["wrong-format", "secret-in-git"]),
        ({"stringData": {"a": 1}}, "Secret", ["wrong-type", "secret-in-git"]),
    ],
    ids=str,
)
def test_wrong_manifests_are_found(document: dict[str, Any], kind: str, rules: list[str]) -> None:
    assert broken(document, kind) == rules


def test_a_kind_of_the_same_name_in_another_group_is_left_alone() -> None:
    assert broken({"data": {"a": 1}}, "Secret", "example.com") == []

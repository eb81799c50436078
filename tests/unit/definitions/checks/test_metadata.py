from typing import Any

import pytest

from controller.definitions.checks import metadata
from controller.definitions.view import View


def broken(fields: dict[str, Any], kind: str = "ConfigMap", group: str = "") -> list[str]:
    document = View({"metadata": {"name": "a", **fields}})
    return [item.rule for item in metadata.check(document, group, kind)]


@pytest.mark.parametrize(
    ("name", "kind", "group"),
    [
        ("a", "Agent", "kagent.dev"),
        ("a-1", "Agent", "kagent.dev"),
        ("1a", "ConfigMap", ""),
        ("a.b.c", "ConfigMap", ""),
        ("a" * 253, "ConfigMap", ""),
        ("system:reader", "Role", "rbac.authorization.k8s.io"),
        ("1a", "Namespace", ""),
    ],
)
def test_names_that_kubernetes_takes_are_good(name: str, kind: str, group: str) -> None:
    assert broken({"name": name}, kind, group) == []


@pytest.mark.parametrize(
    ("name", "kind", "group"),
    [
        ("A", "Agent", "kagent.dev"),
        ("1a", "Agent", "kagent.dev"),
        ("a.b", "Agent", "kagent.dev"),
        ("a" * 64, "Agent", "kagent.dev"),
        ("a-", "Service", ""),
        ("a_b", "ConfigMap", ""),
        ("a..b", "ConfigMap", ""),
        ("a" * 254, "ConfigMap", ""),
        ("a\n", "ConfigMap", ""),
        ("a.b", "Namespace", ""),
        ("..", "Role", "rbac.authorization.k8s.io"),
    ],
)
def test_names_that_kubernetes_refuses_are_found(name: str, kind: str, group: str) -> None:
    assert broken({"name": name}, kind, group) == ["invalid-name"]


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": {"a": "b", "example.com/a": "B_1.2", "empty": ""}},
        {"annotations": {"example.com/note": "Any text: with spaces\n"}},
        {"namespace": "team"},
        {"finalizers": ["a"], "ownerReferences": []},
        {"labels": None, "annotations": None},
    ],
    ids=str,
)
def test_good_metadata_breaks_no_rule(fields: dict[str, Any]) -> None:
    assert broken(fields) == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"labels": {"a": "b c"}}, "invalid-label"),
        ({"labels": {"a": "b" * 64}}, "invalid-label"),
        ({"labels": {"a b": "c"}}, "invalid-label"),
        ({"labels": {"Not/A/Key": "c"}}, "invalid-label"),
        ({"annotations": {"/a": "c"}}, "invalid-label"),
        ({"labels": {"a": 1}}, "wrong-type"),
        ({"annotations": {"a": True}}, "wrong-type"),
        ({"annotations": {"a": None}}, "wrong-type"),
        ({"labels": ["a"]}, "wrong-type"),
        ({"namespace": 1}, "wrong-type"),
        ({"namespace": "a.b"}, "invalid-name"),
        ({"lables": {}}, "unknown-field"),
        ({"uid": "a"}, "server-set-field"),
        ({"managedFields": []}, "server-set-field"),
    ],
    ids=str,
)
def test_wrong_metadata_is_found(fields: dict[str, Any], rule: str) -> None:
    assert broken(fields) == [rule]


def test_a_document_without_server_fields_is_not_copied() -> None:
    data = {"metadata": {"name": "a"}}

    assert metadata.without_server_fields(data) is data


def test_server_fields_are_left_out_and_the_rest_stays() -> None:
    data = {"metadata": {"name": "a", "uid": "b"}, "status": {}, "spec": {}}

    assert metadata.without_server_fields(data) == {"metadata": {"name": "a"}, "spec": {}}
    assert "status" in data


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/spec/replicas,\n/data/a~1b", []), ("/spec, data", ["invalid-pointer"]), ("", [])],
)
def test_fields_that_are_left_to_others_are_pointers(text: str, expected: list[str]) -> None:
    assert broken({"annotations": {"roster.dev/ignore-differences": text}}) == expected

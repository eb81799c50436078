"""Every rule that the code uses is explained, and every explanation has its use."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import controller
from controller.definitions.rules import RULES

SOURCES = Path(controller.__file__).parent


def used_rules() -> set[str]:
    packages = (SOURCES / "definitions", SOURCES / "render", SOURCES / "source")
    files = [file for package in packages for file in package.rglob("*.py")]
    return {rule for file in files for rule in rules_in(ast.parse(file.read_text()))}


def rules_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        named = [word.value for word in node.keywords if word.arg == "rule"]
        called = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        makes_an_error = called in {"RenderError", "unknown"}
        for value in (*named, *(node.args[:1] if makes_an_error else ())):
            yield from (
                constant.value
                for constant in ast.walk(value)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
            )


def test_every_rule_in_use_is_explained() -> None:
    assert used_rules() - RULES.keys() == set()


def test_every_explained_rule_is_in_use() -> None:
    assert RULES.keys() - used_rules() == set()


@pytest.mark.parametrize("id_", sorted(RULES))
def test_rules_are_written_as_sentences(id_: str) -> None:
    rule = RULES[id_]

    assert rule.id == id_
    assert rule.id == rule.id.lower().replace("_", "-")
    assert rule.summary.endswith(".")
    assert rule.explanation.endswith(".")

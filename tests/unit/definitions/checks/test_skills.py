from typing import Any

import pytest

from controller.definitions.checks import skills
from controller.definitions.findings import Severity
from controller.definitions.view import View

DIGEST = f"sha256:{'0' * 64}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def broken(spec: object) -> list[tuple[str, str]]:
    """Give rule and path of every violation."""
    found = skills.check(View(spec, ("spec", "skills")))
    return [(item.rule, "/".join(str(part) for part in item.path[2:])) for item in found]


def git(**fields: str) -> dict[str, str]:
    return {"url": "https://h/a.git", "ref": COMMIT, **fields}


@pytest.mark.parametrize(
    "spec",
    [
        {"refs": [f"ghcr.io/a/b:1@{DIGEST}", f"localhost:5000/a/c@{DIGEST}"]},
        {"gitRefs": [git(path="a/b"), git(path="a/c"), git(name="d")]},
        {"gitRefs": [git(ref=64 * "a")]},
        {"s3Refs": [{"uri": "s3://bucket/skill/"}]},
        {},
    ],
    ids=str,
)
def test_good_skills_break_no_rule(spec: dict[str, Any]) -> None:
    assert broken(spec) == []


@pytest.mark.parametrize(
    ("spec", "rule", "path"),
    [
        ({"refs": [f"h/a@{DIGEST}", f"h/b/a@{DIGEST}"]}, "duplicate-skill", "refs/1"),
        ({"gitRefs": [git(path="x/b"), git(name="b")]}, "duplicate-skill", "gitRefs/1"),
        ({"s3Refs": [{"uri": "s3://a/.."}]}, "skill-name", "s3Refs/0"),
        ({"gitRefs": [git(path="/etc")]}, "skill-path", "gitRefs/0/path"),
        ({"gitRefs": [git(path="a/../../b")]}, "skill-path", "gitRefs/0/path"),
        ({"refs": ["ghcr.io/a/b:1"]}, "skill-not-pinned", "refs/0"),
        ({"refs": ["ghcr.io/a/b@sha256:0"]}, "skill-not-pinned", "refs/0"),
        ({"gitRefs": [git(ref="v1.2")]}, "skill-not-pinned", "gitRefs/0/ref"),
        ({"gitRefs": [{"url": "https://h/a"}]}, "skill-not-pinned", "gitRefs/0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_is_broken_at_its_place(spec: object, rule: str, path: str) -> None:
    assert broken(spec) == [(rule, path)]


def test_a_moving_reference_keeps_nothing_from_being_applied() -> None:
    found = skills.check(View({"refs": ["ghcr.io/a/b:1"]}, ("spec", "skills")))

    assert [item.severity for item in found] == [Severity.WARNING]

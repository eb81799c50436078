"""What an agent may run, as its definition and the machine have it."""

import pytest

from controller.errors import PermanentError
from controller.runtime.skills import confine
from controller.runtime.skills.permission import Permission


@pytest.fixture
def unconfinable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "unavailable", lambda: "the kernel has no Landlock")


@pytest.fixture
def confinable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "unavailable", lambda: "")


@pytest.mark.parametrize(
    ("choice", "runs", "asks"),
    [
        ("", True, False),
        ("enabled", True, False),
        ("approval", True, True),
        ("disabled", False, False),
    ],
)
def test_the_definition_decides(confinable: None, choice: str, runs: bool, asks: bool) -> None:
    permission = Permission.from_environment({"ROSTER_SKILL_COMMANDS": choice})

    assert permission.runs_commands is runs
    assert permission.needs_approval is asks
    assert permission.text() == (choice or "enabled")


def test_an_unknown_choice_is_refused_by_name() -> None:
    with pytest.raises(PermanentError, match="ROSTER_SKILL_COMMANDS"):
        Permission.from_environment({"ROSTER_SKILL_COMMANDS": "yes"})


def test_nothing_runs_where_it_cannot_be_confined(unconfinable: None) -> None:
    permission = Permission.from_environment({})

    assert not permission.runs_commands
    assert "no Landlock" in permission.text()
    assert "ROSTER_SKILL_COMMANDS_UNCONFINED" in permission.text()


def test_an_operator_may_do_without(unconfinable: None) -> None:
    permission = Permission.from_environment({"ROSTER_SKILL_COMMANDS_UNCONFINED": "true"})

    assert permission.runs_commands
    assert not permission.is_confined
    assert permission.text() == "enabled, unconfined"

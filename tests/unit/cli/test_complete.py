from types import SimpleNamespace
from typing import Any

import pytest

from controller.cli import complete


def context(**params: str) -> Any:
    return SimpleNamespace(params=params)


@pytest.fixture
def server(roster: Any) -> str:
    url: str = roster.url_for("").rstrip("/")
    return url


def test_names_are_completed_from_what_runs(server: str) -> None:
    assert complete.applications(context(server=server), "ex") == ["examples"]
    assert complete.applications(context(server=server), "other") == []
    assert complete.agents(context(server=server), "") == ["triage"]


def test_objects_of_the_application_are_completed(server: str) -> None:
    found = complete.objects(context(server=server, name="examples"), "deployment/")

    assert found == ["Deployment/triage"]


def test_without_a_roster_nothing_is_completed() -> None:
    assert complete.applications(context(server="http://127.0.0.1:1"), "") == []

"""What a turn may take: read from the environment, and how a turn ends that takes more."""

from collections.abc import Callable
from typing import Any

import pytest
from waiting import eventually

from controller.definitions import agentconfig
from controller.errors import PermanentError
from controller.runtime.limits import Limits


def test_what_is_not_set_has_its_default() -> None:
    assert Limits.from_environment({}) == Limits(
        turn_s=None, steps=50, tokens=None, approval_s=86400, command_s=60
    )


def test_every_limit_can_be_set() -> None:
    given = {
        "ROSTER_TURN_SECONDS": "90",
        "ROSTER_TURN_STEPS": "7",
        "ROSTER_TURN_TOKENS": "1000",
        "ROSTER_APPROVAL_SECONDS": "60",
        "ROSTER_COMMAND_SECONDS": "5",
    }

    assert Limits.from_environment(given) == Limits(
        turn_s=90, steps=7, tokens=1000, approval_s=60, command_s=5
    )


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "nan", "inf"])
def test_a_limit_that_is_none_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(PermanentError, match="ROSTER_TURN_SECONDS"):
        Limits.from_environment({"ROSTER_TURN_SECONDS": wrong})


@pytest.mark.parametrize(
    ("variable", "value", "limit"),
    [
        ("ROSTER_TURN_STEPS", "1", "1 steps"),
        ("ROSTER_TURN_TOKENS", "1", "1 tokens"),
    ],
)
def test_a_turn_that_takes_more_ends_and_says_why(  # noqa: PLR0917
    start: Callable[..., Any],
    mcp: Callable[..., Any],
    tools_url: str,
    variable: str,
    value: str,
    limit: str,
) -> None:
    agent = start(environment={variable: value}, http_tools=mcp(tools_url))

    task = agent.send("calculate 6*7")

    said = task["status"]["message"]["parts"][0]["text"]
    assert task["status"]["state"] == "failed"
    assert f"its limit of {limit}" in said
    assert variable in said
    assert task["metadata"]["roster_limit"] == limit.split()[1]
    assert task["metadata"]["roster_usage"]["demo"]["requests"] == 1


def test_a_turn_that_takes_too_long_ends_and_the_next_goes_on(
    start: Callable[..., Any], slow_model_url: str, answer_of: Callable[..., str]
) -> None:
    model = agentconfig.OpenAI(model="demo", base_url=slow_model_url)
    agent = start(environment={"ROSTER_TURN_SECONDS": "1.5"}, model=model)

    task = agent.send("count to 9999")

    def goes_on() -> bool:
        later = agent.send("hi", context=task["contextId"])
        return bool(later["status"]["state"] == "completed")

    assert task["status"]["state"] == "failed"
    assert "limit of 1.5 seconds" in task["status"]["message"]["parts"][0]["text"]
    eventually(goes_on, what="a turn within the limit")

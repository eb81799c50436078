"""Long conversations: when they are summed up, what the model reads then, and what is kept."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.test import TestModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from controller.definitions import agentconfig
from controller.runtime.compaction import Compaction
from controller.runtime.models import ConfiguredModel
from controller.runtime.sessions import Entry

ALICE = {"x-user-id": "alice"}


def entries(turns: int, tokens: int = 10) -> list[Entry]:
    made = []
    for number in range(turns):
        asked = ModelRequest(parts=[UserPromptPart(f"question {number}")])
        usage = RequestUsage(input_tokens=tokens)
        answered = ModelResponse(parts=[TextPart(f"answer {number}")], usage=usage)
        made += [Entry(id=f"q{number}", message=asked), Entry(id=f"a{number}", message=answered)]
    return made


@pytest.mark.parametrize(
    ("turns", "tokens", "last"),
    [(4, 10, None), (5, 10, "a2"), (7, 10, "a4"), (3, 200, "a0"), (2, 200, None)],
    ids=["short", "long", "longer", "large", "large, but all of it is to be kept"],
)
def test_old_turns_are_replaced_and_the_last_ones_kept(
    turns: int, tokens: int, last: str | None
) -> None:
    config = agentconfig.Compaction(compaction_interval=3, overlap_size=2, token_threshold=100)
    model = ConfiguredModel(model=TestModel(), settings=ModelSettings())

    old = Compaction(config, model, {}).replaceable(entries(turns, tokens))

    assert (old[-1].id if old else None) == last


@pytest.fixture
def talk(start: Callable[..., Any], controller: Any, scripted: Any) -> Callable[..., Any]:
    """An agent that sums up every two turns and keeps one."""
    compaction = agentconfig.Compaction(
        compaction_interval=2, overlap_size=1, prompt_template="Shorten this."
    )
    return lambda: start(
        environment=controller.environment(),
        model=agentconfig.OpenAI(model="m", base_url=scripted.url),
        context_config=agentconfig.Context(compaction=compaction),
        stream=False,
    )


def said(request: dict[str, Any]) -> list[str]:
    """What a request says to the model, instructions left out."""
    return [str(m["content"]) for m in request["messages"] if m["role"] != "system"]


def test_the_model_reads_the_summary_and_people_everything(
    talk: Callable[..., Any], controller: Any, scripted: Any
) -> None:
    scripted.replies = ["one", "two", "three", "They counted.", "four"]
    agent, context = talk(), None
    for number in range(1, 5):
        task = agent.send(f"say {number}", context=context, **ALICE)
        context = task["contextId"]

    asked = scripted.requests[3]
    assert asked["messages"][0]["content"] == "Shorten this."
    assert "User: say 2" in said(asked)[0]
    assert said(scripted.requests[4]) == [
        "Summary of the conversation so far:\nThey counted.",
        "say 3",
        "three",
        "say 4",
    ]
    assert task["metadata"]["roster_usage"]["scripted"]["requests"] == 2
    assert "say 1" in json.dumps(controller.told(context, "alice"))


def test_the_summary_outlives_the_process(talk: Callable[..., Any], scripted: Any) -> None:
    scripted.replies = ["one", "two", "three", "They counted.", "four"]
    agent, context = talk(), None
    for number in range(1, 5):
        context = agent.send(f"say {number}", context=context, **ALICE)["contextId"]

    talk().send("go on", context=context, **ALICE)

    texts = said(scripted.requests[-1])
    assert texts[0] == "Summary of the conversation so far:\nThey counted."
    assert "say 2" not in texts


def test_a_model_that_gives_no_summary_costs_no_turn(
    start: Callable[..., Any], scripted: Any
) -> None:
    away = agentconfig.OpenAI(model="m", base_url="http://127.0.0.1:9/v1")
    compaction = agentconfig.Compaction(
        compaction_interval=1, overlap_size=0, summarizer_model=away
    )
    agent = start(
        model=agentconfig.OpenAI(model="m", base_url=scripted.url),
        context_config=agentconfig.Context(compaction=compaction),
        stream=False,
    )
    context = agent.send("say 1")["contextId"]

    task = agent.send("say 2", context=context)

    assert task["status"]["state"] == "completed"
    assert said(scripted.requests[-1]) == ["say 1", "fine", "say 2"]

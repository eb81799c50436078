"""Long-term memory: what is kept, found, brought along and noted, by vectors at the controller."""

import asyncio
import select
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from controller.definitions import agentconfig
from controller.errors import PermanentError, RosterError
from controller.runtime.memory import Memory, embedding
from controller.runtime.sessions.routes import Routes

ALICE = {"x-user-id": "alice"}


def settings(url: str, **fields: Any) -> agentconfig.Memory:
    model = agentconfig.Embedding(provider="openai", model="e", base_url=url)
    return agentconfig.Memory(embedding=model, **fields)


def with_memory(
    controller: Any, config: agentconfig.Memory, steps: Callable[[Memory], Awaitable[Any]]
) -> Any:
    async def run() -> Any:
        routes = Routes(controller.url, namespace="n", name="a-b", token_file=Path("/none"))
        memory = Memory(config, {}, routes)
        try:
            return await steps(memory)
        finally:
            await memory.close()
            await routes.close()

    return asyncio.run(run())


def test_what_was_saved_is_found_by_its_meaning(controller: Any, scripted: Any) -> None:
    async def steps(memory: Memory) -> list[str]:
        await memory.save(["she likes green tea"], user_id="alice", session_id="s", source="x")
        await memory.save(["he likes coffee", "deploys on fridays"], user_id="alice")
        await memory.save(["bob likes green tea"], user_id="bob")
        return await memory.search("who likes green tea", user_id="alice")

    found = with_memory(controller, settings(scripted.url, ttl_days=7), steps)

    assert found[0] == "she likes green tea"
    assert "bob likes green tea" not in found
    first = controller.memories[0]
    assert first["agent_name"] == "n__NS__a_b"
    assert first["ttl_days"] == 7
    assert first["metadata"] == {"session_id": "s", "source": "x"}
    assert len(first["vector"]) == 768
    assert scripted.embedded[0]["dimensions"] == 768
    assert "/api/memories/sessions/batch" in controller.writes


def test_a_conversation_begins_with_what_is_remembered(
    start: Callable[..., Any], controller: Any, scripted: Any
) -> None:
    agent = start(
        environment=controller.environment(),
        memory=settings(scripted.url),
        model=agentconfig.OpenAI(model="m", base_url=scripted.url),
        stream=False,
    )
    saved = {"agent_name": "a", "user_id": "alice", "content": "alice likes green tea"}
    controller.memories.append({**saved, "vector": scripted._vector("alice likes green tea")})

    context = agent.send("do you know what tea alice likes", **ALICE)["contextId"]
    agent.send("thanks", context=context, **ALICE)

    prompts = [
        "".join(str(m["content"]) for m in request["messages"] if m["role"] == "system")
        for request in scripted.requests
    ]
    assert "alice likes green tea" in prompts[0]
    assert "alice likes green tea" not in prompts[1]
    offered = [tool["function"]["name"] for tool in scripted.requests[0]["tools"]]
    assert {"save_memory", "load_memory"} <= set(offered)


def test_notes_are_taken_every_five_turns(
    start: Callable[..., Any], controller: Any, scripted: Any
) -> None:
    agent = start(
        environment=controller.environment(),
        memory=settings(scripted.url),
        model=agentconfig.OpenAI(model="m", base_url=scripted.url),
        stream=False,
    )
    scripted.replies = ["a", "b", "c", "d", "e", 'Here: ["Alice likes tea", " "]']
    context = None
    for number in range(5):
        context = agent.send(f"turn {number}", context=context, **ALICE)["contextId"]

    while not controller.memories:
        select.select([], [], [], 0.02)

    assert [memory["content"] for memory in controller.memories] == ["Alice likes tea"]
    assert controller.memories[0]["user_id"] == "alice"


def test_a_memory_that_is_away_costs_no_turn(
    start: Callable[..., Any], controller: Any, scripted: Any
) -> None:
    agent = start(environment=controller.environment(), memory=settings("http://127.0.0.1:9/v1"))

    task = agent.send("hi", **ALICE)

    assert task["status"]["state"] == "completed"


def test_long_vectors_are_cut_to_length_one() -> None:
    fitted = embedding.fitted([3.0, 4.0, *[0.0] * 1534])

    assert fitted == [0.6, 0.8, *[0.0] * 766]


def test_short_vectors_are_refused_with_a_remedy(controller: Any, scripted: Any) -> None:
    scripted.numbers = 100

    async def steps(memory: Memory) -> None:
        await memory.save(["x"], user_id="alice")

    with pytest.raises(PermanentError, match="100 numbers") as caught:
        with_memory(controller, settings(scripted.url), steps)

    assert "longer vectors" in caught.value.remedy


@pytest.mark.parametrize(
    ("provider", "environment", "kind"),
    [
        ("openai", {}, "OpenAIEmbeddingModel"),
        ("azure_openai", {"AZURE_OPENAI_ENDPOINT": "http://a", "OPENAI_API_VERSION": "v"}, "Open"),
        ("ollama", {"OLLAMA_API_BASE": "http://o"}, "OpenAIEmbeddingModel"),
        ("gemini", {"GOOGLE_API_KEY": "k"}, "GoogleEmbeddingModel"),
        ("bedrock", {"AWS_REGION": "eu-central-1"}, "BedrockEmbeddingModel"),
    ],
)
def test_every_provider_has_its_model(
    monkeypatch: pytest.MonkeyPatch, provider: str, environment: dict[str, str], kind: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    config = agentconfig.Embedding(provider=provider, model="amazon.titan-embed-text-v2:0")

    model = embedding.create(config, environment, httpx2.AsyncClient(timeout=30))

    assert type(model).__name__.startswith(kind)


def test_an_unknown_provider_is_refused_by_name() -> None:
    with pytest.raises(RosterError, match="sap"):
        embedding.create(
            agentconfig.Embedding(provider="sap", model="e"), {}, httpx2.AsyncClient(timeout=30)
        )

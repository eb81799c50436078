"""Watchers who come back in the middle of an answer see every piece of it once."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
from a2a.types import Artifact
from heldmodel import HeldModel, held_model

from controller.definitions import agentconfig
from controller.runtime import handler


async def seen(http: httpx.AsyncClient, url: str, task_id: str, begun: Callable[[], None]) -> str:
    """The answer as one watcher puts it together; tells when he has begun."""
    text = ""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tasks/resubscribe", "params": {"id": task_id}}
    async with http.stream("POST", url, json=body) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: "):
                continue
            event = json.loads(line.removeprefix("data: "))["result"]
            if event["kind"] == "task":
                begun()
                parts = [part for made in event.get("artifacts") or () for part in made["parts"]]
                text = "".join(part["text"] for part in parts)
            elif event["kind"] == "artifact-update":
                piece = event["artifact"]["parts"][0]["text"]
                text = text + piece if event["append"] else piece
    return text


def test_every_piece_comes_once(start: Callable[..., Any], to_message: Callable[..., Any]) -> None:
    async def watch(url: str, task_id: str, model: HeldModel) -> list[str]:
        begun = asyncio.Semaphore(0)
        async with httpx.AsyncClient(timeout=60) as http, asyncio.TaskGroup() as group:
            watchers = []
            for _ in range(40):
                watching = seen(http, url, task_id, begun.release)
                watchers.append(group.create_task(watching))
                await asyncio.sleep(0.013)  # not together with the model's pieces
            for _ in watchers:
                await begun.acquire()
            model.release()
        return [watcher.result() for watcher in watchers]

    # The last pieces wait for the last watcher.
    with held_model(token_delay_s=0.05) as model, model.held(passes=25):
        agent = start(model=agentconfig.OpenAI(model="demo", base_url=model.url))
        params = {**to_message("count to 30"), "configuration": {"blocking": False}}
        task = agent.rpc("message/send", params)["result"]
        texts = asyncio.run(watch(f"{agent.url}/", task["id"], model))

    assert set(texts) == {" ".join(map(str, range(1, 31)))}


def test_an_artifact_of_another_runtime_has_no_number() -> None:
    assert handler._number(Artifact(artifact_id="a")) == 0

"""A request to a colleague that is called off ends the colleague's task, whenever that is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from a2a.client import Client, ClientCallContext
from a2a.types import CancelTaskRequest, Message, StreamResponse, Task

from controller.runtime.exchange import Exchange


@dataclass
class Colleague:
    """Stands for a client of an agent: only here the moment of an answer can be chosen."""

    begins: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ends: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: list[str] = field(default_factory=list)

    async def send_message(self, *_: Any, **__: Any) -> AsyncIterator[StreamResponse]:
        self.asked.set()
        await self.begins.wait()
        yield StreamResponse(task=Task(id="t", context_id="c"))
        await self.ends.wait()

    async def cancel_task(self, request: CancelTaskRequest, **_: Any) -> None:
        self.cancelled.append(request.id)


def exchange(colleague: Colleague) -> Exchange:
    return Exchange(cast("Client", colleague), Message(), ClientCallContext())


async def called_off(colleague: Colleague) -> None:
    answer = asyncio.create_task(exchange(colleague).answer(timeout_s=60))
    await colleague.asked.wait()
    answer.cancel()
    await asyncio.sleep(0)
    colleague.begins.set()
    with pytest.raises(asyncio.CancelledError):
        await answer


def test_a_task_that_has_not_told_its_id_is_cancelled_too() -> None:
    async def story() -> list[str]:
        colleague = Colleague()
        await called_off(colleague)
        return colleague.cancelled

    assert asyncio.run(story()) == ["t"]


def test_a_task_that_takes_too_long_is_cancelled() -> None:
    async def story() -> list[str]:
        colleague = Colleague()
        colleague.begins.set()
        with pytest.raises(TimeoutError):
            await exchange(colleague).answer(timeout_s=0.05)
        return colleague.cancelled

    assert asyncio.run(story()) == ["t"]


def test_a_task_that_ended_is_left_alone() -> None:
    async def story() -> tuple[str, list[str]]:
        colleague = Colleague()
        colleague.begins.set()
        colleague.ends.set()
        answer = await exchange(colleague).answer(timeout_s=60)
        assert isinstance(answer, Task)
        return answer.id, colleague.cancelled

    assert asyncio.run(story()) == ("t", [])

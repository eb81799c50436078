"""Writes to the controller: batched, in order, once, and bounded while it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S

from controller.runtime.sessions import outbox as outbox_module
from controller.runtime.sessions.outbox import Outbox
from controller.runtime.sessions.routes import Routes, SessionKey

ALICE = SessionKey(id="s", user_id="alice")


def told(number: int) -> dict[str, Any]:
    return {"id": str(number), "text": "x" * 100}


def with_outbox(controller: Any, steps: Callable[[Outbox], Awaitable[None]], **limits: Any) -> None:
    async def run() -> None:
        routes = Routes(controller.url, namespace="n", name="a", token_file=Path("/none"))
        outbox = Outbox(routes, **limits)
        await steps(outbox)
        await outbox.close(PATIENCE_S)
        await routes.close()

    asyncio.run(run())


def test_events_of_a_session_go_out_together_and_in_order(controller: Any) -> None:
    async def steps(outbox: Outbox) -> None:
        outbox.open(ALICE, title="A title that is rather long", source="", is_created=False)
        for number in range(250):
            outbox.append(ALICE, [told(number)])
        assert await outbox.gone(ALICE, PATIENCE_S)

    with_outbox(controller, steps)

    assert list(controller.events["s", "alice"]) == [str(number) for number in range(250)]
    assert controller.writes == ["/api/sessions", *["/api/sessions/s/events"] * 3]
    assert controller.sessions["s", "alice"]["name"] == "A title that is rath..."


def test_what_is_written_again_is_there_once(controller: Any) -> None:
    async def steps(outbox: Outbox) -> None:
        outbox.open(ALICE, title="", source="", is_created=False)
        outbox.append(ALICE, [told(1)])
        outbox.append(ALICE, [told(1)])
        assert await outbox.gone(ALICE, PATIENCE_S)

    with_outbox(controller, steps)

    assert list(controller.events["s", "alice"]) == ["1"]


def test_of_a_task_the_latest_form_goes_out(controller: Any) -> None:
    async def steps(outbox: Outbox) -> None:
        for state in ("submitted", "working", "completed"):

            async def form(state: str = state) -> dict[str, Any]:
                return {"id": "t", "status": {"state": state}, "history": []}

            outbox.save_task("t", "alice", form, within_s=0 if state == "completed" else 60)

    with_outbox(controller, steps)

    assert controller.tasks["t"]["status"] == {"state": "completed"}
    assert controller.writes == ["/api/tasks"]


def test_what_nobody_waits_for_gathers_company(
    controller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LINGER_S", 60)
    bob = SessionKey(id="b", user_id="bob")

    async def steps(outbox: Outbox) -> None:
        outbox.append(bob, [told(1)])
        outbox.append(ALICE, [told(1)])
        assert await outbox.gone(ALICE, PATIENCE_S)
        outbox.append(bob, [told(2)])
        assert await outbox.gone(bob, PATIENCE_S)

    with_outbox(controller, steps)

    assert controller.writes.count("/api/sessions/b/events") == 1
    assert list(controller.events["b", "bob"]) == ["1", "2"]


def test_what_nobody_waits_for_goes_out_by_itself(controller: Any) -> None:
    async def steps(outbox: Outbox) -> None:
        outbox.append(ALICE, [told(1)])
        async with asyncio.timeout(PATIENCE_S):
            while outbox.holds(ALICE):  # noqa: ASYNC110 - waiting for it would hurry it
                await asyncio.sleep(0.01)

    with_outbox(controller, steps)

    assert list(controller.events["s", "alice"]) == ["1"]


def test_sessions_do_not_wait_for_each_other(controller: Any) -> None:
    keys = [SessionKey(id=str(number), user_id="alice") for number in range(20)]

    async def steps(outbox: Outbox) -> None:
        for key in keys:
            outbox.append(key, [told(1), told(2)])
        assert all(await asyncio.gather(*(outbox.gone(key, PATIENCE_S) for key in keys)))

    with_outbox(controller, steps)

    assert {key: list(ids) for key, ids in controller.events.items()} == {
        (key.id, key.user_id): ["1", "2"] for key in keys
    }


def test_nobody_waits_for_a_controller_that_is_known_to_be_away(controller: Any) -> None:
    controller.is_away = True
    answers: list[bool] = []

    async def steps(outbox: Outbox) -> None:
        outbox.open(ALICE, title="", source="", is_created=True)
        outbox.append(ALICE, [told(1)])
        answers.append(await outbox.gone(ALICE, 0.3))
        while not outbox.problem:  # noqa: ASYNC110 - the outbox sets no event
            await asyncio.sleep(0.01)
        async with asyncio.timeout(PATIENCE_S):
            answers.append(await outbox.gone(ALICE, 3600))

    with_outbox(controller, steps)

    assert answers == [False, False]


def test_memory_stays_bounded(controller: Any) -> None:
    controller.is_away = True
    bob = SessionKey(id="b", user_id="bob")

    async def steps(outbox: Outbox) -> None:
        for number in range(10):
            outbox.append(ALICE, [told(number)])
        for number in range(10):
            outbox.append(bob, [told(number)])
        assert outbox.lost == 10
        assert not outbox.holds(ALICE)
        assert outbox.holds(bob)

    with_outbox(controller, steps, limit_bytes=1500)

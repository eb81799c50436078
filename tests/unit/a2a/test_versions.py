import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from controller.a2a.calls import Version
from controller.a2a.versions import Versions

OLD = {"url": "http://a:8080", "protocolVersion": "0.3.0"}


class Cards:
    """Gives what it is told to, and counts how often it was asked."""

    def __init__(self, *answers: Mapping[str, Any] | Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def fetch(self) -> Mapping[str, Any] | None:
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_many_who_ask_at_once_cost_one_request() -> None:
    cards, versions = Cards(OLD), Versions()

    async def ask() -> list[Version]:
        asking = (versions.spoken("http://a/", Version.V10, cards.fetch) for _ in range(50))
        return await asyncio.gather(*asking)

    assert set(asyncio.run(ask())) == {Version.V03}
    assert cards.asked == 1


@pytest.mark.parametrize("card", [None, {}], ids=["no-card", "card-that-says-nothing"])
def test_an_agent_that_does_not_say_is_spoken_to_as_the_client_does(card: Any) -> None:
    asked = Versions().spoken("http://a/", Version.V10, Cards(card).fetch)

    assert asyncio.run(asked) is Version.V10


def test_a_failure_is_not_remembered() -> None:
    cards, versions = Cards(httpx.ConnectError("refused"), OLD), Versions()

    async def ask() -> Version:
        with pytest.raises(httpx.ConnectError):
            await versions.spoken("http://a/", Version.V10, cards.fetch)
        return await versions.spoken("http://a/", Version.V10, cards.fetch)

    assert asyncio.run(ask()) is Version.V03


def test_what_is_known_is_looked_at_anew_after_a_while() -> None:
    cards, versions = Cards({}, OLD), Versions(remembered_s=-1)

    async def ask() -> list[Version]:
        return [await versions.spoken("http://a/", Version.V10, cards.fetch) for _ in range(2)]

    assert asyncio.run(ask()) == [Version.V10, Version.V03]


def test_a_caller_who_leaves_takes_nobodys_answer_along() -> None:
    cards, versions = Cards(OLD), Versions()

    async def ask() -> Version:
        leaving = asyncio.ensure_future(versions.spoken("http://a/", Version.V10, cards.fetch))
        staying = asyncio.ensure_future(versions.spoken("http://a/", Version.V10, cards.fetch))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(ask()) is Version.V03

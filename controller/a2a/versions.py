"""Which protocol versions agents speak: what their cards say, remembered for half a minute."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.a2a import cards
from controller.a2a.calls import Version

_REMEMBERED_S = 30.0
"""An agent whose image changed is looked at anew after this long."""
_LIMIT = 10_000
"""Agents remembered at most."""

Fetch = Callable[[], Awaitable[Mapping[str, Any] | None]]
"""Gives an agent's card; None where it has none that can be read."""


@dataclass(frozen=True, slots=True)
class _Known:
    card: "asyncio.Future[Mapping[str, Any] | None]"
    until: float


class Versions:
    """What is known of each agent, by its address."""

    def __init__(self, *, remembered_s: float = _REMEMBERED_S) -> None:
        self._remembered_s = remembered_s
        self._known: dict[str, _Known] = {}

    async def spoken(self, url: str, asked: Version, fetch: Fetch) -> Version:
        """Give the version to speak with an agent: the one asked for wherever it may do.

        Many who ask at once cost one request for the card. An agent whose card says nothing is
        spoken to as the client does.

        Raises:
            httpx.TransportError: the agent does not answer; the next caller tries again.
        """
        card = await asyncio.shield(self._card(url, fetch))
        spoken = cards.spoken(card) if card else frozenset()
        return asked if asked in spoken or not spoken else min(spoken)

    def _card(self, url: str, fetch: Fetch) -> "asyncio.Future[Mapping[str, Any] | None]":
        now = asyncio.get_running_loop().time()
        known = self._known.get(url)
        if known is None or known.until < now or _has_failed(known.card):
            if len(self._known) >= _LIMIT:
                self._known.clear()
            known = _Known(asyncio.ensure_future(fetch()), now + self._remembered_s)
            self._known[url] = known
        return known.card


def _has_failed(card: "asyncio.Future[Mapping[str, Any] | None]") -> bool:
    return card.done() and (card.cancelled() or card.exception() is not None)

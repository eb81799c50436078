"""The demo model on loopback, whose answers a test can hold in the middle: no pace to depend on."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from loopback import running
from starlette.types import Message, Receive, Scope, Send

from controller.runtime.demo import model

_FIRST_PIECES = 4
"""Pieces of an answer that pass before it is held: its role, and three words."""


class HeldModel:
    """The demo model as an ASGI application; pods of the local cluster reach it on loopback."""

    def __init__(self, token_delay_s: float = 0) -> None:
        self.url = ""
        self.abandoned = threading.Event()
        """Set when somebody who reads a held answer goes away."""
        self.answered = threading.Event()
        """Set when an answer that was held has been sent to its end."""
        self._app = model.create(token_delay_s=token_delay_s)
        self._passes = _FIRST_PIECES
        self._free = asyncio.Event()
        self._free.set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def held(self, *, passes: int = _FIRST_PIECES) -> Iterator[None]:
        """Let answers stop after so many pieces until the block ends or `release` is called."""
        self._passes = passes
        self.abandoned.clear()
        self.answered.clear()
        self._free.clear()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let held answers go on."""
        assert self._loop is not None, "nobody has asked yet"
        self._loop.call_soon_threadsafe(self._free.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        pieces = 0
        was_held = False

        async def send_on(message: Message) -> None:
            nonlocal pieces, was_held
            pieces += message["type"] == "http.response.body"
            if pieces > self._passes and not self._free.is_set():
                was_held = True
                await self._wait()
            await send(message)

        await self._app(scope, receive, send_on)
        if was_held and not self.abandoned.is_set():
            self.answered.set()

    async def _wait(self) -> None:
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.abandoned.set()
            raise


@contextmanager
def held_model(*, token_delay_s: float = 0) -> Iterator[HeldModel]:
    """Serve it in a thread."""
    found = HeldModel(token_delay_s)
    with running(lambda _: found) as url:
        found.url = f"{url}/v1"
        yield found

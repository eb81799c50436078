import asyncio
from typing import Any

import pytest

from controller.api.bodies import BoundedBodies


def run(
    *messages: dict[str, Any],
    stalls: bool = False,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> tuple[int, bytes, dict[str, Any]]:
    """Send messages through, and give status, what the application read and its scope."""
    seen: dict[str, Any] = {}
    sent: list[dict[str, Any]] = []
    waiting = list(messages)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen["scope"] = scope
        seen["body"] = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        if not waiting and stalls:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers or []}
    asyncio.run(
        BoundedBodies(app, max_bytes=10, timeout_s=0.05 if stalls else 60)(scope, receive, send)
    )
    status = sent[0]["status"] if sent else 0
    return status, seen.get("body", b""), seen.get("scope", {})


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_parts_arrive_as_one_body_with_its_length() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"x", b"y")]
    status, body, scope = run(part(b"ab", more=True), part(b"cd", more=False), headers=headers)

    assert (status, body) == (200, b"abcd")
    assert scope["headers"] == [(b"x", b"y"), (b"content-length", b"4")]


def test_too_large_body_is_refused_unread() -> None:
    status, body, _ = run(part(b"x" * 6, more=True), part(b"x" * 6, more=True))

    assert (status, body) == (413, b"")


def test_slow_body_is_given_up() -> None:
    assert run(part(b"x", more=True), stalls=True)[0] == 408


def test_caller_who_leaves_is_not_answered() -> None:
    assert run(part(b"x", more=True), {"type": "http.disconnect"})[0] == 0


@pytest.mark.parametrize("size", [0, 10])
def test_body_up_to_the_limit_is_taken(size: int) -> None:
    assert run(part(b"x" * size, more=False))[:2] == (200, b"x" * size)

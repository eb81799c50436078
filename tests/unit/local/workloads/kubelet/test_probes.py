import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from controller.local.workloads.kubelet import probes
from controller.local.workloads.kubelet.probes import Answer, Counter, Settings

GOOD, BAD = Answer(is_success=True), Answer(is_success=False)
REFUSED = Answer(is_success=False, is_refused=True)


def _settings(**changes: Any) -> Settings:
    return Settings.of({"periodSeconds": 1, **changes})


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ([GOOD], [True]),
        ([BAD, BAD, BAD], [None, None, False]),
        ([BAD, BAD, GOOD, BAD], [None, None, True, None]),
    ],
)
def test_verdict_needs_answers_in_a_row(answers: list[Answer], verdicts: list[bool | None]) -> None:
    counter = Counter(_settings())

    assert [counter.add(answer) for answer in answers] == verdicts


def _watch(settings: Settings, answers: Iterator[Answer]) -> tuple[list[bool], float]:
    heard: list[bool] = []

    async def ask() -> Answer:
        return next(answers)

    def on_verdict(verdict: bool) -> bool:
        heard.append(verdict)
        return True

    async def whole() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await probes.watch(settings, ask, on_answer=lambda _: None, on_verdict=on_verdict)
        return loop.time() - begun

    return heard, asyncio.run(whole())


def test_first_probe_comes_at_once() -> None:
    heard, took_s = _watch(_settings(periodSeconds=60), iter([GOOD]))

    assert heard == [True]
    assert took_s < 30


def test_port_that_opens_is_probed_before_the_period_ends() -> None:
    heard, took_s = _watch(_settings(periodSeconds=60), iter([REFUSED, REFUSED, REFUSED, GOOD]))

    assert heard == [True]
    assert took_s < 30


def test_initial_delay_is_honoured() -> None:
    _, took_s = _watch(_settings(initialDelaySeconds=1), iter([GOOD]))

    assert took_s >= 1


def test_http_answers() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        code = head.split(" ")[1].strip("/")
        writer.write(f"HTTP/1.1 {code} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def whole() -> list[str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found = []
        for path in ("200", "302", "404", "hello"):
            answer = await probes.ask_http({"path": path}, "127.0.0.1", port, timeout_s=60)
            found.append(answer.message or "good")
        server.close()
        await server.wait_closed()
        answer = await probes.ask_http({}, "127.0.0.1", port, timeout_s=60)
        assert answer.is_refused
        assert answer.message == f'Get "http://127.0.0.1:{port}/": connection refused'
        assert (await probes.ask_tcp("127.0.0.1", port, timeout_s=60)).is_refused
        return found

    good, redirect, missing, wrong = asyncio.run(whole())
    assert (good, redirect) == ("good", "good")
    assert missing == "HTTP probe failed with statuscode: 404"
    assert "invalid literal" in wrong


def test_silent_server_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer = asyncio.run(probes.ask_http({}, "127.0.0.1", port, timeout_s=0.1))

    assert answer.message.endswith("context deadline exceeded")

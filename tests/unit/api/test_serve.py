import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from controller.api import serve, shell
from controller.api.serve import Server
from controller.errors import UsageError


def test_server_answers_on_a_port_of_the_systems_choice(server: Server) -> None:
    response = httpx.get(f"{server.url}/api/v1/applications/agents")

    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "server" not in response.headers


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_address_that_others_reach_is_refused_with_the_reason(stored: Any, host: str) -> None:
    with pytest.raises(UsageError, match="nobody signs in yet") as refused:
        Server(shell.create(stored.services()), host, 0)

    assert "--insecure-listen" in refused.value.remedy


def test_address_that_others_reach_is_allowed_on_demand(stored: Any) -> None:
    server = Server(shell.create(stored.services()), "0.0.0.0", 0, insecure_listen=True)
    server.start()
    try:
        response = httpx.get(f"{server.url}/healthz", headers={"Host": "roster.example.com"})
    finally:
        server.stop()

    assert response.status_code == 200
    assert server.url.startswith("http://127.0.0.1:")


def test_address_in_use_is_told(server: Server, stored: Any) -> None:
    port = int(server.url.rpartition(":")[2])
    second = Server(shell.create(stored.services()), "127.0.0.1", port)

    with pytest.raises(UsageError, match="it is in use"):
        second.start()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_foreign_host_names_are_not_answered(server: Server, host: str) -> None:
    for path in ("/", "/healthz", "/api/v1/stream/applications", "/static/roster.css"):
        response = httpx.get(f"{server.url}{path}", headers={"Host": host})

        assert response.status_code in {400, 421}, path


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "127.0.0.1:9", "[::1]:8083", "LocalHost"]
)
def test_names_of_this_machine_are_answered(server: Server, host: str) -> None:
    assert httpx.get(f"{server.url}/healthz", headers={"Host": host}).status_code == 200


def test_open_streams_do_not_hold_up_the_end(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They end by themselves: what does not has a long time here."""
    monkeypatch.setattr(serve, "GRACE_S", 120.0)
    server = Server(shell.create(stored.services()), "127.0.0.1", 0)
    server.start()
    before = {thread.name for thread in threading.enumerate()}
    with httpx.stream("GET", f"{server.url}/api/v1/stream/applications") as response:
        pieces = response.iter_text()
        next(pieces)
        started = time.monotonic()
        server.stop()
        took = time.monotonic() - started
        rest = list(pieces)

    assert "api" in before
    assert rest == []
    assert took < 60
    assert "api" not in {thread.name for thread in threading.enumerate() if thread.is_alive()}


def test_stopped_server_lets_its_address_go(stored: Any, make: SimpleNamespace) -> None:
    server = Server(shell.create(stored.services()), "127.0.0.1", 0)
    server.start()
    port = int(server.url.rpartition(":")[2])
    server.stop()

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert make.well().spec.name == "agents"


def test_huge_body_is_refused_before_it_is_read(server: Server) -> None:
    def body() -> Any:
        for _ in range(3):
            yield b"x" * 1024 * 1024

    try:
        response = httpx.post(f"{server.url}/api/webhook", content=body())
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        return  # The server closed while the rest was on its way: as good an answer.
    assert response.status_code == 413


def test_chunked_body_is_read(server: Server, stored: Any) -> None:
    def body() -> Any:
        yield b'{"prune":'
        yield b"true}"

    url = f"{server.url}/api/v1/applications/agents/sync"
    response = httpx.post(url, content=body(), headers={"Content-Type": "application/json"})

    assert response.status_code == 202
    assert stored.requests[0][1].prune is True


def test_long_answers_are_compressed_for_who_takes_it(server: Server) -> None:
    def get(encoding: str) -> httpx.Response:
        headers = {"Accept": "text/html", "Accept-Encoding": encoding}
        return httpx.get(f"{server.url}/applications/agents", headers=headers)

    plain, packed = get("identity"), get("gzip")

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.text == plain.text
    assert packed.num_bytes_downloaded * 4 < plain.num_bytes_downloaded

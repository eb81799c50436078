import asyncio
from typing import Any

import httpx
import pytest
from kubernetes import client as kubernetes_client
from pytest_httpserver import HTTPServer
from werkzeug import Response

from controller.cluster.client import Client
from controller.cluster.connection import Connection
from controller.cluster.errors import InvalidError, UnavailableError
from controller.cluster.logs import PodLogs, Selection

PATH = "/api/v1/namespaces/ns/pods/p/log"


def read(client: Client, selection: Selection | None = None, **given: Any) -> list[str]:
    async def collected() -> list[str]:
        logs = PodLogs(client, httpx.AsyncClient)
        try:
            return [line async for line in logs.lines("ns", "p", selection or Selection(**given))]
        finally:
            await logs.close()

    return asyncio.run(collected())


def test_lines_come_with_their_time(client: Client, server: HTTPServer) -> None:
    asked = {"timestamps": "true", "tailLines": "5", "previous": "true", "container": "agent"}
    server.expect_request(PATH, query_string=asked).respond_with_data("T1 one\nT2 two")

    lines = read(client, tail_lines=5, previous=True, container="agent")

    assert lines == ["T1 one", "T2 two"]


def test_lines_are_put_together_from_pieces(client: Client, server: HTTPServer) -> None:
    def answer(_request: object) -> Response:
        return Response(iter([b"T1 on", b"e\nT2 tw", "o \u00e4".encode() + b"\n"]))

    server.expect_request(PATH).respond_with_handler(answer)

    assert read(client, follow=True) == ["T1 one", "T2 two \u00e4"]


def test_a_line_without_an_end_is_cut(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_data("x" * 200_000)

    lines = read(client)

    assert len(lines) > 1
    assert "".join(lines) == "x" * 200_000


def test_a_refusal_is_the_servers_sentence(client: Client, server: HTTPServer) -> None:
    body = {"kind": "Status", "message": "container agent is waiting to start", "code": 400}
    server.expect_request(PATH).respond_with_json(body, status=400)

    with pytest.raises(InvalidError, match="waiting to start"):
        read(client)


def test_a_server_that_is_not_there_is_told(unused_port: int) -> None:
    configuration = kubernetes_client.Configuration(host=f"http://127.0.0.1:{unused_port}")

    with pytest.raises(UnavailableError, match="Cannot read the log of Pod ns/p"):
        read(Client(Connection(configuration)))

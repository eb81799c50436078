from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from controller.a2a.gateway import USER, Gateway, Upstream, rewritten
from controller.errors import PermanentError, TransientError

CARD = {
    "name": "triage",
    "url": "http://triage.agents:8080",
    "supportedInterfaces": [{"url": "http://triage.agents:8080", "protocolVersion": "1.0"}],
    "signatures": [{}],
}


class Streamed(httpx.AsyncByteStream):
    """A body that arrives piece by piece, as from a network."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


Agent = Callable[[httpx.Request], httpx.Response]


def find(namespace: str, name: str) -> Upstream:
    if name == "asleep":
        raise TransientError("It does not run.")
    if name != "triage":
        raise PermanentError("There is no such agent.", remedy="There are: agents/triage.")
    return Upstream(url=f"https://relay/{namespace}/{name}/", headers={"authorization": "relay"})


@pytest.fixture
def gateway() -> Iterator[Callable[[Agent], TestClient]]:
    opened: list[TestClient] = []

    def make(agent: Agent) -> TestClient:
        found = Gateway(find, lambda: httpx.AsyncClient(transport=httpx.MockTransport(agent)))
        path = "/api/a2a/{namespace}/{name}"
        methods = ["GET", "POST"]
        app = Starlette(
            routes=[
                Route(path, found.answer, methods=methods),
                Route(path + "/{tail:path}", found.answer, methods=methods),
            ]
        )
        client = TestClient(app)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def test_a_request_reaches_the_agent_with_its_bytes(
    gateway: Callable[[Agent], TestClient],
) -> None:
    seen: list[httpx.Request] = []

    def agent(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200, stream=Streamed(b"ans", b"wer"), headers={"content-type": "text/plain"}
        )

    answer = gateway(agent).post("/api/a2a/agents/triage/", content=b'{"id": 1}')

    assert (str(seen[0].url), seen[0].content) == ("https://relay/agents/triage/", b'{"id": 1}')
    assert (answer.content, answer.headers["content-type"]) == (b"answer", "text/plain")


def test_who_asks_is_said_by_the_controller_and_credentials_stay(
    gateway: Callable[[Agent], TestClient],
) -> None:
    seen: list[httpx.Request] = []

    def agent(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=Streamed())

    gateway(agent).post(
        "/api/a2a/agents/triage",
        headers={
            "X-User-Id": "mallory",
            "Authorization": "Bearer canary",
            "Cookie": "canary",
            "A2A-Version": "1.0",
        },
    )

    assert seen[0].headers["x-user-id"] == USER
    assert seen[0].headers["authorization"] == "relay"
    assert seen[0].headers["a2a-version"] == "1.0"
    assert "cookie" not in seen[0].headers


def test_a_stream_arrives_as_it_was_sent(gateway: Callable[[Agent], TestClient]) -> None:
    events = (b'data: {"a": 1}\n\n', b'data: {"b": 2}\n\n')

    def agent(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            stream=Streamed(*events),
            headers={"content-type": "text/event-stream", "set-cookie": "x"},
        )

    answer = gateway(agent).post("/api/a2a/agents/triage")

    assert (answer.content, answer.headers["content-type"]) == (
        b"".join(events),
        "text/event-stream",
    )
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_the_card_names_the_gateway(gateway: Callable[[Agent], TestClient]) -> None:
    client = gateway(lambda _: httpx.Response(200, json=CARD))

    card = client.get("/api/a2a/agents/triage/.well-known/agent-card.json").json()

    place = "http://testserver/api/a2a/agents/triage/"
    assert (card["url"], card["supportedInterfaces"][0]["url"]) == (place, place)
    assert "signatures" not in card


def test_the_original_card_is_untouched() -> None:
    rewritten(CARD, "http://elsewhere/")

    assert CARD["url"] == "http://triage.agents:8080"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        pytest.param("agents/nobody", 404, "agents/triage", id="unknown-agent"),
        pytest.param("agents/asleep", 503, "does not run", id="not-running"),
        pytest.param("agents/triage/%2e%2e/%2e%2e/secrets", 404, "card only", id="traversal"),
        pytest.param("agents/triage/metrics", 404, "card only", id="other-path"),
    ],
)
def test_what_cannot_be_passed_on_is_explained(
    gateway: Callable[[Agent], TestClient], path: str, status: int, says: str
) -> None:
    answer = gateway(lambda _: httpx.Response(200)).get(f"/api/a2a/{path}")

    assert answer.status_code == status
    assert says in answer.text


def test_an_agent_that_does_not_answer_is_not_ready(
    gateway: Callable[[Agent], TestClient],
) -> None:
    def agent(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert gateway(agent).post("/api/a2a/agents/triage").status_code == 503


def test_a_page_of_another_site_is_refused(gateway: Callable[[Agent], TestClient]) -> None:
    answer = gateway(lambda _: httpx.Response(200)).post(
        "/api/a2a/agents/triage", headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from controller import telemetry
from controller.a2a.gateway import Gateway
from controller.a2a.headers import USER
from controller.a2a.shares import Link
from controller.a2a.upstream import Upstream
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
    return Upstream(
        url=f"https://relay/{namespace}/{name}/",
        headers={"authorization": "relay"},
        passes=frozenset({"x-tenant", "cookie", "x-user-id"}),
        is_relayed=True,
        state="It is Degraded (ImagePullBackOff).",
    )


def find_link(token: str, namespace: str, name: str) -> Link | None:
    if (token, namespace, name) != ("good", "agents", "triage"):
        return None
    return Link(context="c1", user="ada", is_read_only=False, has_task=lambda task: task == "t1")


@pytest.fixture
def gateway() -> Iterator[Callable[[Agent], TestClient]]:
    opened: list[TestClient] = []

    def make(agent: Agent) -> TestClient:
        found = Gateway(
            find,
            lambda: httpx.AsyncClient(transport=httpx.MockTransport(agent)),
            find_link=find_link,
        )
        path = "/api/a2a/{namespace}/{name}"
        methods = ["GET", "POST"]
        app = Starlette(
            routes=[
                Route(path, found, methods=methods),
                Route(path + "/{tail:path}", found, methods=methods),
            ]
        )
        client = TestClient(app)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


class Recorder:
    """An agent that remembers what it is asked, but for its card."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.seen: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("agent-card.json"):
            return httpx.Response(200, json=CARD)
        self.seen.append(request)
        return self._answer()


Make = Callable[[Agent], TestClient]


def test_a_request_reaches_the_agent_with_its_bytes(gateway: Make) -> None:
    agent = Recorder(
        lambda: httpx.Response(
            200, stream=Streamed(b"ans", b"wer"), headers={"content-type": "text/plain"}
        )
    )

    answer = gateway(agent).post("/api/a2a/agents/triage/", content=b'{"id": 1}')

    assert str(agent.seen[0].url) == "https://relay/agents/triage/"
    assert agent.seen[0].content == b'{"id": 1}'
    assert (answer.content, answer.headers["content-type"]) == (b"answer", "text/plain")


def test_who_asks_is_said_by_the_controller_and_credentials_stay(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(200, stream=Streamed()))

    gateway(agent).post(
        "/api/a2a/agents/triage",
        headers={
            "X-User-Id": "mallory",
            "X-Agent-Name": "mallory",
            "Authorization": "Bearer canary",
            "Cookie": "canary",
            "Connection": "X-Secret",
            "X-Secret": "canary",
            "A2A-Version": "1.0",
        },
    )

    sent = agent.seen[0].headers
    assert (sent["x-user-id"], sent["authorization"], sent["a2a-version"]) == (USER, "relay", "1.0")
    assert not {"cookie", "x-agent-name", "x-secret"} & set(sent)


def test_what_the_definition_asks_for_and_kagents_context_pass(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(200, stream=Streamed()))
    given = {
        "x-tenant": "acme",
        "x-kagent-source": "agent",
        "x-kagent-parent-context-id": "parent",
        "x-kagent-root-context-id": "root",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }

    gateway(agent).post("/api/a2a/agents/triage", headers=given)

    sent = agent.seen[0].headers
    assert {name: sent[name] for name in given} == given


def test_a_link_makes_its_holder_the_conversations_owner_and_stays_here(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(200, stream=Streamed()))
    body = b"""{"id": 1, "method": "message/send", "Method": "tasks/get", "METHOD": "tasks/get",
        "params": {"message": {"contextId": "c2", "contextId": "c1"}}}"""

    answer = gateway(agent).post(
        "/api/a2a/agents/triage", content=body, headers={"X-Share-Token": "good"}
    )

    assert answer.status_code == 200
    sent = agent.seen[0]
    assert (sent.headers["x-user-id"], sent.headers["x-roster-shared"]) == ("ada", "true")
    assert "good" not in str(sent.headers)
    assert sent.content == (
        b'{"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"contextId":"c1"}}}'
    )


@pytest.mark.parametrize(
    ("token", "context", "says"),
    [("bad", "c1", "leads nowhere"), ("", "c1", "leads nowhere"), ("good", "c2", "another")],
)
def test_a_link_that_does_not_lead_there_is_refused(
    gateway: Make, token: str, context: str, says: str
) -> None:
    agent = Recorder(lambda: httpx.Response(200, stream=Streamed()))
    body = {"id": 1, "method": "message/send", "params": {"message": {"contextId": context}}}

    answer = gateway(agent).post(
        "/api/a2a/agents/triage", json=body, headers={"X-Share-Token": token}
    )

    assert answer.status_code == 403
    assert says in answer.json()["message"]
    assert agent.seen == []


def test_only_the_gateway_says_that_a_caller_has_a_link(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(200, stream=Streamed()))

    gateway(agent).post("/api/a2a/agents/triage", headers={"X-Roster-Shared": "true"})

    assert "x-roster-shared" not in agent.seen[0].headers


def test_a_stream_arrives_as_it_was_sent(gateway: Make) -> None:
    events = (b'data: {"a": 1}\n\n', b'data: {"b": 2}\n\n')
    agent = Recorder(
        lambda: httpx.Response(
            200,
            stream=Streamed(*events),
            headers={"content-type": "text/event-stream", "set-cookie": "x"},
        )
    )

    answer = gateway(agent).post("/api/a2a/agents/triage")

    assert answer.content == b"".join(events)
    assert answer.headers["content-type"] == "text/event-stream"
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("name", ["agent-card.json", "agent.json"])
def test_the_card_names_the_gateway(gateway: Make, name: str) -> None:
    client = gateway(lambda _: httpx.Response(200, json=CARD))

    card = client.get(f"/api/a2a/agents/triage/.well-known/{name}").json()

    place = "http://testserver/api/a2a/agents/triage/"
    assert (card["url"], card["supportedInterfaces"][0]["url"]) == (place, place)
    assert "signatures" not in card


def test_the_card_in_an_answer_names_the_gateway_too(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": CARD}))

    body = {"jsonrpc": "2.0", "id": 1, "method": "GetExtendedAgentCard"}
    answer = gateway(agent).post(
        "/api/a2a/agents/triage", json=body, headers={"A2A-Version": "1.0"}
    )

    assert answer.json()["result"]["url"] == "http://testserver/api/a2a/agents/triage/"


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
    gateway: Make, path: str, status: int, says: str
) -> None:
    answer = gateway(lambda _: httpx.Response(200)).get(f"/api/a2a/{path}")

    assert answer.status_code == status
    assert says in answer.text


def test_an_agent_that_does_not_answer_is_not_ready(
    gateway: Make,
) -> None:
    def agent(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    answer = gateway(agent).post("/api/a2a/agents/triage")

    assert (answer.status_code, answer.json()["error"]) == (503, "AgentNotReady")
    assert "ImagePullBackOff" in answer.json()["message"]


def test_an_agent_that_is_silent_for_too_long_is_given_up(gateway: Make) -> None:
    def agent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence")

    assert gateway(agent).post("/api/a2a/agents/triage").status_code == 504


def test_what_the_api_server_says_in_place_of_an_agent_is_not_passed_off_as_its_answer(
    gateway: Make,
) -> None:
    status = {"apiVersion": "v1", "kind": "Status", "message": 'no endpoints for "triage"'}

    answer = gateway(lambda _: httpx.Response(503, json=status)).post("/api/a2a/agents/triage")

    assert (answer.status_code, answer.json()["error"]) == (503, "AgentNotReady")
    assert answer.json()["message"] == (
        'The agent agents/triage cannot be reached: no endpoints for "triage". '
        "It is Degraded (ImagePullBackOff)."
    )


def test_an_agents_own_error_is_passed_on(gateway: Make) -> None:
    agent = Recorder(lambda: httpx.Response(500, json={"detail": "it broke"}))

    answer = gateway(agent).post("/api/a2a/agents/triage")

    assert (answer.status_code, answer.json()) == (500, {"detail": "it broke"})


@pytest.mark.parametrize("version", ["2.0", "0.2", "one"])
def test_a_version_that_nobody_speaks_is_refused_in_json_rpc(gateway: Make, version: str) -> None:
    answer = gateway(lambda _: httpx.Response(200)).post(
        "/api/a2a/agents/triage",
        json={"jsonrpc": "2.0", "id": "x", "method": "message/send"},
        headers={"A2A-Version": version},
    )

    assert answer.status_code == 400
    assert answer.json()["id"] == "x"
    assert answer.json()["error"]["code"] == -32009
    assert "1.0 and 0.3" in answer.json()["error"]["message"]


def test_requests_are_measured_by_agent_version_and_outcome(gateway: Make) -> None:
    gateway(Recorder(lambda: httpx.Response(200, stream=Streamed()))).post(
        "/api/a2a/agents/triage", headers={"A2A-Version": "1.0"}
    )

    line = (
        'roster_a2a_request_duration_seconds_count{agent="agents/triage",code="200",'
        'translated="false",version="1.0"}'
    )
    assert line in telemetry.metrics().decode()


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
    ids=["told", "older browser, or no TLS", "opaque"],
)
def test_a_page_of_another_site_is_refused(gateway: Make, headers: dict[str, str]) -> None:
    answer = gateway(lambda _: httpx.Response(200)).post("/api/a2a/agents/triage", headers=headers)

    assert answer.status_code == 403

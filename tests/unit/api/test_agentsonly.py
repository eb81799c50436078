"""The address for agents, on a real socket."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controller.api import shell
from controller.api.serve import Server

AGENT = {"X-Agent-Name": "agents__NS__triage", "X-User-Id": "ada"}
PROOF = {"Authorization": "Bearer good"}
BODY = {"agent_ref": "agents__NS__triage", "id": "s1"}


def serving(controller: Any) -> Server:
    application = shell.create_for_agents(controller.services())
    return Server(application, "127.0.0.1", 0, asks_everyone=True)


@pytest.fixture
def address(controller: Any) -> Iterator[str]:
    controller.verify_agent = lambda token, agent: (token, agent) == ("good", BODY["agent_ref"])
    running = serving(controller)
    running.start()
    yield running.url
    running.stop()


def test_an_agent_stores_and_reads_what_is_its_own(address: str) -> None:
    with httpx.Client(base_url=address, headers={**AGENT, **PROOF}) as agent:
        assert agent.post("/api/sessions", json=BODY).status_code == 201
        assert agent.post("/api/tasks", json={"id": "t", "contextId": "s1"}).status_code == 201
        # Agents know the address by the name of a Service.
        named = agent.get("/api/sessions/s1", headers={"Host": "roster.roster:8083"})
        assert named.status_code == 200


@pytest.mark.parametrize("headers", [{}, AGENT, PROOF], ids=["nobody", "no-proof", "no-name"])
def test_whoever_does_not_prove_to_be_an_agent_is_refused(
    address: str, headers: dict[str, str]
) -> None:
    assert httpx.get(f"{address}/api/sessions", headers=headers).status_code == 401
    assert httpx.post(f"{address}/api/tasks", json={"id": "t"}, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/applications", "/api/agents", "/sessions", "/metrics"]
)
def test_nothing_else_is_there(address: str, path: str) -> None:
    assert httpx.get(address + path, headers={**AGENT, **PROOF}).status_code == 404


def test_without_tokens_to_look_at_nobody_is_believed(controller: Any) -> None:
    running = serving(controller)
    running.start()
    answer = httpx.get(f"{running.url}/api/sessions", headers={**AGENT, **PROOF})
    running.stop()

    assert answer.status_code == 401

from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.usefixtures("stored")


def test_an_agent_is_shown_in_kagent_s_shape(client: FlaskClient, make: SimpleNamespace) -> None:
    (listed,) = client.get("/api/agents").get_json()["data"]
    found = client.get("/api/agents/agents/triage").get_json()["data"]

    assert listed == found
    assert found["id"] == "agents__NS__triage"
    assert found["agent"]["metadata"] == {"name": "triage", "namespace": "agents"}
    assert found["agent"]["spec"]["description"] == "Sorts tickets."
    assert [item["status"] for item in found["agent"]["status"]["conditions"]] == ["True", "True"]
    assert (found["modelProvider"], found["model"]) == ("Anthropic", "claude-sonnet")
    assert found["modelConfigRef"] == "agents/claude"
    assert (found["deploymentReady"], found["accepted"]) == (True, True)
    assert (found["file"], found["revision"]) == ("agents/triage.yaml", make.revision)


def test_a_model_is_shown_in_kagent_s_shape(client: FlaskClient) -> None:
    (listed,) = client.get("/api/modelconfigs?namespace=agents").get_json()["data"]

    assert listed == client.get("/api/modelconfigs/agents/claude").get_json()["data"]
    assert (listed["ref"], listed["providerName"]) == ("agents/claude", "Anthropic")
    assert listed["apiKeySecret"] == "claude-key"
    assert listed["modelParams"] == {"maxTokens": 1000}


def test_what_is_elsewhere_or_not_there_is_not_shown(client: FlaskClient) -> None:
    assert client.get("/api/agents?namespace=other").get_json()["data"] == []
    assert client.get("/api/agents/other/triage").status_code == 404
    assert client.get("/api/modelconfigs/agents/gpt").status_code == 404


def test_agents_are_changed_by_git(client: FlaskClient) -> None:
    assert client.post("/api/agents", json={}).status_code == 405
    assert client.delete("/api/agents/agents/triage").status_code == 405

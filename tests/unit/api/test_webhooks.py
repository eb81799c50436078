import hashlib
import hmac
import json
import urllib.parse
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.api import flask_app
from controller.reconcile.workqueue import Trigger

PATH = "/api/webhook"
REPOSITORY = {
    "clone_url": "https://github.com/acme/agents.git",
    "ssh_url": "git@github.com:acme/agents.git",
    "default_branch": "main",
}


def digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def push(ref: str = "refs/heads/main", **repository: Any) -> bytes:
    return json.dumps({"ref": ref, "repository": {**REPOSITORY, **repository}}).encode()


def github(body: bytes, secret: str = "gh-secret", event: str = "push") -> dict[str, str]:
    return {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={digest(secret, body)}"}


def gitea(body: bytes, secret: str = "gt-secret") -> dict[str, str]:
    return {
        "X-GitHub-Event": "push",
        "X-Gitea-Event": "push",
        "X-Gitea-Signature": digest(secret, body),
    }


def gitlab(token: str = "gl-secret", event: str = "Push Hook") -> dict[str, str]:
    return {"X-Gitlab-Event": event, "X-Gitlab-Token": token}


def send(client: FlaskClient, body: bytes, headers: dict[str, str]) -> Any:
    return client.post(PATH, data=body, headers=headers, content_type="application/json")


def queued(controller: Any) -> list[tuple[str, frozenset[Trigger]]]:
    found = []
    while (item := controller.queue.get(timeout_s=0)) is not None:
        found.append((item.key, item.triggers))
    return found


def test_github_push_queues_the_application(client: FlaskClient, stored: Any) -> None:
    body = push()
    response = send(client, body, github(body))

    assert response.status_code == 202
    assert response.get_json() == {"event": "push", "applications": ["agents"]}
    assert queued(stored) == [("agents", frozenset({Trigger.WEBHOOK}))]


def test_gitea_push_is_told_from_github(client: FlaskClient, stored: Any) -> None:
    body = push()

    assert send(client, body, gitea(body)).status_code == 202
    assert [key for key, _ in queued(stored)] == ["agents"]


@pytest.mark.parametrize("event", ["Push Hook", "Tag Push Hook"])
def test_gitlab_push_is_read_from_its_project(client: FlaskClient, stored: Any, event: str) -> None:
    payload = {
        "ref": "refs/heads/main",
        "project": {"git_http_url": "https://GitHub.com/acme/agents", "default_branch": "main"},
    }

    assert send(client, json.dumps(payload).encode(), gitlab(event=event)).status_code == 202
    assert [key for key, _ in queued(stored)] == ["agents"]


def test_form_encoded_payload_of_github_is_read(client: FlaskClient, stored: Any) -> None:
    body = urllib.parse.urlencode({"payload": push().decode()}).encode()
    response = client.post(
        PATH,
        data=body,
        headers=github(body),
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 202
    assert [key for key, _ in queued(stored)] == ["agents"]


@pytest.mark.parametrize(
    ("ref", "repository"),
    [
        ("refs/heads/other", {}),
        ("refs/tags/main2", {}),
        ("refs/heads/main", {"clone_url": "https://github.com/acme/else", "ssh_url": None}),
    ],
    ids=["other-branch", "tag", "other-repository"],
)
def test_push_elsewhere_is_ignored(
    client: FlaskClient, stored: Any, ref: str, repository: dict[str, Any]
) -> None:
    body = push(ref, **repository)
    response = send(client, body, github(body))

    assert response.get_json()["applications"] == []
    assert queued(stored) == []


@pytest.mark.parametrize("event", ["ping", "issues", "x" * 500])
def test_other_events_are_accepted_and_ignored(
    client: FlaskClient, stored: Any, event: str
) -> None:
    body = b'{"zen": "x"}'
    response = send(client, body, github(body, event=event))

    assert response.status_code == 202
    assert queued(stored) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-GitHub-Event": "push"},
        {"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256="},
        {"X-GitHub-Event": "push", "X-Hub-Signature-256": digest("gh-secret", push())},
        {"X-GitHub-Event": "push", "X-Hub-Signature": "sha1=abc"},
        {"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=\xe9\xff"},
        github(push(), secret="wrong"),
        github(push("refs/heads/else")),
        {"X-Gitlab-Event": "Push Hook"},
        gitlab(token=""),
        gitlab(token="gl-secret "[:-1] + "x"),
        gitlab(token="\xe9"),
        {"X-Gitea-Event": "push"},
        gitea(push(), secret="gh-secret"),
        {"X-Gitea-Event": "push", **github(push())},
    ],
)
def test_calls_without_the_right_signature_are_refused_alike(
    client: FlaskClient, stored: Any, headers: dict[str, str]
) -> None:
    response = send(client, push(), headers)

    assert response.status_code == 401
    assert response.get_json()["error"] == "WrongSignature"
    assert queued(stored) == []


@pytest.mark.parametrize("secret", [None, ""])
def test_forge_without_a_secret_is_refused(
    controller: Any, make: SimpleNamespace, secret: str | None
) -> None:
    controller.store.put(make.well())
    secrets = {} if secret is None else {"github": secret, "gitlab": secret}
    app = flask_app.create(replace(controller.services(), webhook_secrets=secrets))

    assert send(app.test_client(), push(), github(push(), secret="")).status_code == 401
    assert send(app.test_client(), push(), gitlab(token="")).status_code == 401


def test_caller_that_is_no_forge_is_refused(client: FlaskClient, stored: Any) -> None:
    response = send(client, push(), {})

    assert response.status_code == 400
    assert "X-GitHub-Event" in response.get_json()["remedy"]
    assert queued(stored) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        b'{"ref": null}',
        b'{"ref": 1, "repository": {}}',
        b'{"ref": "refs/heads/main", "repository": null}',
        b'{"ref": "refs/heads/main", "repository": {"clone_url": {"a": 1}}}',
        b'{"ref": "refs/heads/main", "repository": []}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
    ids=range(15),
)
def test_malformed_payload_is_told(client: FlaskClient, stored: Any, body: bytes) -> None:
    response = send(client, body, github(body))

    assert response.status_code == 400
    assert response.get_json()["error"] == "MalformedPayload"
    assert queued(stored) == []


def test_huge_body_is_refused(client: FlaskClient, stored: Any) -> None:
    body = b"x" * (1024 * 1024 + 1)
    response = send(client, body, github(body))

    assert response.status_code == 413
    assert queued(stored) == []


def test_webhook_may_come_from_another_origin(client: FlaskClient, stored: Any) -> None:
    body = push()
    headers = {
        **github(body),
        "Origin": "https://elsewhere.example",
        "Sec-Fetch-Site": "cross-site",
    }

    assert send(client, body, headers).status_code == 202
    assert len(queued(stored)) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["ref", "repository", "project", "clone_url", "url"]) | st.text(), inner
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(payload=JSON, forge=st.sampled_from(["github", "gitlab", "gitea"]))
def test_signed_nonsense_never_fails(
    client: FlaskClient, stored: Any, payload: Any, forge: str
) -> None:
    body = json.dumps(payload).encode()
    headers = {"github": github(body), "gitea": gitea(body), "gitlab": gitlab()}[forge]

    assert send(client, body, headers).status_code in {202, 400}
    assert queued(stored) == []


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    body=st.binary(max_size=200), signature=st.text(st.characters(max_codepoint=255), max_size=80)
)
def test_unsigned_nonsense_is_never_read(
    client: FlaskClient, stored: Any, body: bytes, signature: str
) -> None:
    cleaned = "".join(c for c in signature if c.isprintable())
    headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": cleaned}

    assert send(client, body, headers).status_code == 401
    assert queued(stored) == []

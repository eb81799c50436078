from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.plan.selection import Selector
from controller.state.records import SyncRequest

LIST = "/api/v1/applications"


def names(answer: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


@pytest.fixture
def five(controller: Any, make: SimpleNamespace) -> None:
    for name in ("e", "c", "a", "d", "b"):
        controller.store.put(make.well(name))


def test_nothing_is_an_empty_list(client: FlaskClient) -> None:
    answer = client.get(LIST).get_json()

    assert answer["items"] == []
    assert answer["metadata"]["continue"] == ""


@pytest.mark.usefixtures("five")
def test_pages_follow_each_other_by_name(client: FlaskClient) -> None:
    seen, token = [], ""
    while True:
        answer = client.get(LIST, query_string={"limit": 2, "continue": token}).get_json()
        seen.append(names(answer))
        token = answer["metadata"]["continue"]
        if not token:
            break

    assert seen == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.usefixtures("five")
def test_removal_between_pages_skips_nothing(client: FlaskClient, controller: Any) -> None:
    first = client.get(f"{LIST}?limit=2").get_json()
    controller.store.remove("a")

    second = client.get(f"{LIST}?limit=2&continue={first['metadata']['continue']}").get_json()

    assert names(second) == ["c", "d"]
    assert first["metadata"]["remainingItemCount"] == 3


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "continue=%F0", "continue=a", "sync=No", "nope=1"],
)
def test_wrong_query_is_refused_with_the_reason(client: FlaskClient, query: str) -> None:
    response = client.get(f"{LIST}?{query}")

    assert response.status_code == 400
    assert set(response.get_json()) == {"error", "message", "remedy"}


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["agents", "staging"]),
        ("sync=Synced", ["agents"]),
        ("sync=Synced&sync=OutOfSync", ["agents", "staging"]),
        ("sync=Unknown", []),
        ("health=Degraded", ["staging"]),
        ("health=Degraded&sync=Synced", []),
    ],
)
def test_selectors_choose_by_status(client: FlaskClient, query: str, expected: list[str]) -> None:
    assert names(client.get(f"{LIST}?{query}").get_json()) == expected


@pytest.mark.usefixtures("stored")
def test_list_leaves_out_what_grows_with_objects(client: FlaskClient) -> None:
    status = client.get(LIST).get_json()["items"][0]["status"]

    assert not {"resources", "history", "operationState", "findings"} & set(status)
    assert status["summary"]["resources"] == 34


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("path", [LIST, f"{LIST}/agents", f"{LIST}/agents/history"])
def test_entity_tag_saves_what_did_not_change(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.get_data()) == (304, b"")


def test_entity_tag_changes_with_the_application(
    client: FlaskClient, stored: Any, make: SimpleNamespace
) -> None:
    before = client.get(f"{LIST}/agents")
    stored.store.update(
        "agents", lambda record: record.model_copy(update={"operation": make.operation(11)})
    )
    after = client.get(f"{LIST}/agents", headers={"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    version = [item.get_json()["metadata"]["resourceVersion"] for item in (before, after)]
    assert version[0] != version[1]


@pytest.mark.usefixtures("stored")
def test_application_has_the_shape_of_argo_cd(client: FlaskClient, make: SimpleNamespace) -> None:
    answer = client.get(f"{LIST}/staging").get_json()

    assert answer["kind"] == "Application"
    assert answer["spec"]["source"] == {
        "repoURL": "git@github.com:acme/staging.git",
        "path": "agents",
        "targetRevision": "HEAD",
    }
    assert answer["spec"]["syncPolicy"]["automated"] == {
        "enabled": True,
        "prune": True,
        "selfHeal": True,
    }
    status = answer["status"]
    assert (status["sync"]["status"], status["sync"]["revision"]) == ("OutOfSync", make.revision)
    assert status["health"]["status"] == "Degraded"
    assert status["operationState"]["phase"] == "Failed"
    assert status["operationState"]["operation"]["initiatedBy"] == {
        "username": "ada",
        "automated": False,
        "cause": "ada",
    }
    first = status["operationState"]["syncResult"]["resources"][0]
    assert (first["group"], first["kind"], first["name"]) == ("apps", "Deployment", "researcher")
    assert first["status"] == "SyncFailed"
    assert {"group", "version", "kind", "namespace", "name", "status", "health"} <= set(
        status["resources"][0]
    )
    assert [item["type"] for item in status["conditions"]] == ["SourceError"]


@pytest.mark.usefixtures("stored")
def test_history_in_status_is_what_was_deployed_oldest_first(client: FlaskClient) -> None:
    status = client.get(f"{LIST}/staging").get_json()["status"]

    assert [item["id"] for item in status["history"]] == [5, 6, 7, 8, 9]


@pytest.mark.usefixtures("stored")
def test_history_lists_every_operation_newest_first(client: FlaskClient) -> None:
    items = client.get(f"{LIST}/staging/history").get_json()["items"]

    assert [(item["id"], item["phase"]) for item in items[:2]] == [(10, "Failed"), (9, "Succeeded")]
    assert items[0]["resources"][0]["changes"] == ["spec.replicas: 3 -> 1"]


@pytest.mark.usefixtures("stored")
def test_findings_name_place_and_remedy(client: FlaskClient) -> None:
    items = client.get(f"{LIST}/staging/findings").get_json()["items"]

    assert (items[0]["file"], items[0]["line"], items[0]["column"]) == ("agents/writer.yaml", 9, 5)
    assert items[0]["remedy"] == "Did you mean `modelConfig`?"


@pytest.mark.parametrize(
    "path", ["", "/history", "/findings", "/diff", "/managed-resources", "/resource-tree"]
)
def test_what_is_missing_is_not_found(client: FlaskClient, path: str) -> None:
    response = client.get(f"{LIST}/nope{path}")

    assert response.status_code == 404
    assert response.get_json()["error"] == "NotFound"
    assert "nope" not in response.get_data(as_text=True)


def test_sync_hands_over_the_request_and_tells_its_number(client: FlaskClient, stored: Any) -> None:
    body = {"revision": "v1.2", "prune": True, "confirmed": True}
    response = client.post(f"{LIST}/agents/sync", json=body)

    assert response.status_code == 202
    expected = SyncRequest(revision="v1.2", prune=True, confirmed=True, initiated_by="api")
    assert stored.requests == [("agents", expected)]
    assert response.get_json()["operation"] == {
        "id": 1,
        "sync": {"revision": "v1.2", "dryRun": False, "resources": []},
        "initiatedBy": {"username": "api", "automated": False, "cause": "api"},
    }


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param({"X-Roster-User": "ada"}, "ada", id="named"),
        pytest.param({}, "api", id="nobody"),
        pytest.param({"X-Roster-User": "self-heal"}, "api", id="roster-itself"),
    ],
)
def test_history_names_who_asked(
    client: FlaskClient, stored: Any, header: dict[str, str], expected: str
) -> None:
    history = client.get(f"{LIST}/agents/history").get_json()["items"]
    body = {"id": history[0]["id"]}

    client.post(f"{LIST}/agents/sync", json={}, headers=header)
    client.post(f"{LIST}/agents/rollback", json=body, headers=header)

    assert [request.initiated_by for _, request in stored.requests] == [
        expected,
        f"{expected} (rollback to {history[0]['id']})",
    ]


def test_a_name_that_is_none_is_refused(client: FlaskClient, stored: Any) -> None:
    header = {"X-Roster-User": "<b>ada</b>"}

    response = client.post(f"{LIST}/agents/sync", json={}, headers=header)

    assert response.status_code == 400
    assert "X-Roster-User" in response.get_json()["message"]
    assert stored.requests == []


def test_rollback_asks_for_the_revision_of_an_operation(client: FlaskClient, stored: Any) -> None:
    history = client.get(f"{LIST}/agents/history").get_json()["items"]

    response = client.post(f"{LIST}/agents/rollback", json={"id": history[0]["id"]})
    unknown = client.post(f"{LIST}/agents/rollback", json={"id": 9999})

    assert (response.status_code, unknown.status_code) == (202, 404)
    [(name, request)] = stored.requests
    assert (name, request.revision) == ("agents", history[0]["revision"])


@pytest.mark.parametrize("given", [{"revision": ""}, {"dry_run": True}], ids=["none", "dry run"])
def test_what_has_no_revision_cannot_be_gone_back_to(
    client: FlaskClient, stored: Any, make: Any, given: dict[str, Any]
) -> None:
    item = make.operation(11, **given)
    stored.store.update("agents", lambda record: record.model_copy(update={"history": (item,)}))

    answers = [
        client.post(f"{LIST}/agents/rollback", json={"id": 11}),
        client.post(f"{LIST}/agents/revert", json={"id": 11, "branch": "back"}),
        client.post("/applications/agents/operations/11/rollback"),
        client.get("/applications/agents/operations/11/revert"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert stored.requests == []


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_sync_needs_no_body(client: FlaskClient, stored: Any, body: bytes) -> None:
    response = client.post(f"{LIST}/agents/sync", data=body, content_type="application/json")

    assert response.status_code == 202
    assert stored.requests == [("agents", SyncRequest(initiated_by="api"))]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'{"prune": "yes"}',
        b'{"prune": 1}',
        b'{"revision": "--upload-pack=evil"}',
        b'{"revision": "a b"}',
        b'{"revision": ""}',
        b'{"unknown": 1}',
    ],
)
def test_sync_refuses_a_wrong_body(client: FlaskClient, stored: Any, body: bytes) -> None:
    response = client.post(f"{LIST}/agents/sync", data=body, content_type="application/json")

    assert response.status_code == 400
    assert response.get_json()["message"]
    assert stored.requests == []
    assert len(stored.queue) == 0


def test_sync_refuses_what_is_not_json(client: FlaskClient, stored: Any) -> None:
    response = client.post(f"{LIST}/agents/sync", data="prune=true", content_type="text/plain")

    assert response.status_code == 400
    assert stored.requests == []


def test_what_argo_cd_says_of_a_sync_is_read(client: FlaskClient, stored: Any) -> None:
    body = {
        "dryRun": True,
        "resources": [{"group": "apps", "kind": "Deployment", "name": "triage"}],
        "syncOptions": {"items": ["Replace=true"]},
        "strategy": {"apply": {"force": True}},
    }

    response = client.post(f"{LIST}/agents/sync", json=body)

    assert response.status_code == 202
    assert stored.requests[0][1] == SyncRequest(
        dry_run=True,
        resources=(Selector(group="apps", kind="Deployment", name="triage"),),
        sync_options=("Replace=true", "Force=true"),
        skip_hooks=True,
        initiated_by="api",
    )


def test_an_unknown_sync_option_is_refused_with_the_nearest(
    client: FlaskClient, stored: Any
) -> None:
    response = client.post(f"{LIST}/agents/sync", json={"syncOptions": {"items": ["Replase=true"]}})

    assert response.status_code == 400
    assert "Did you mean 'Replace'?" in response.get_data(as_text=True)
    assert stored.requests == []


@pytest.mark.usefixtures("stored")
def test_diff_shows_what_a_sync_would_change(client: FlaskClient) -> None:
    answer = client.get(f"{LIST}/staging/diff").get_json()

    assert "-  replicas: 3\n+  replicas: 1" in answer["changes"][0]["diff"]
    assert answer["blocked"] == [
        {"component": "Agent agents/writer", "reason": "waits for ModelConfig agents/gpt"}
    ]


def test_failing_plan_is_told_with_its_remedy(
    client: FlaskClient, controller: Any, make: SimpleNamespace
) -> None:
    controller.store.put(make.well("broken"))
    response = client.get(f"{LIST}/broken/diff")

    assert response.status_code == 409
    assert response.get_json() == {
        "error": "Refused",
        "message": "cannot read https://git.example.com/x",
        "remedy": "Correct the URL.",
    }

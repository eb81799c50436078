import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes_client
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller.cluster.client import Client
from controller.cluster.connection import Connection
from controller.cluster.errors import (
    ConflictError,
    FieldConflict,
    InvalidError,
    NotFoundError,
    UnavailableError,
    UnknownKindError,
)
from controller.errors import PermanentError, TransientError
from controller.objects import ObjectKey

CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "t4"},
    "data": {"x": "1"},
}
PATH = "/api/v1/namespaces/t4/configmaps/a"
KEY = ObjectKey("", "ConfigMap", "t4", "a")


def status(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }


def test_an_apply_is_a_patch_under_our_field_manager(client: Client, server: HTTPServer) -> None:
    server.expect_oneshot_request(
        PATH,
        method="PATCH",
        query_string={"fieldManager": "roster", "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        json=CONFIG_MAP,
    ).respond_with_json({**CONFIG_MAP, "metadata": {"resourceVersion": "7"}})

    applied = client.apply(CONFIG_MAP)

    assert applied["metadata"]["resourceVersion"] == "7"
    server.check_assertions()


def test_a_dry_run_says_so(client: Client, server: HTTPServer) -> None:
    server.expect_oneshot_request(
        PATH,
        method="PATCH",
        query_string={
            "fieldManager": "roster",
            "force": "true",
            "fieldValidation": "Strict",
            "dryRun": "All",
        },
    ).respond_with_json(CONFIG_MAP)

    assert client.apply(CONFIG_MAP, dry_run=True) == CONFIG_MAP


def test_a_conflict_names_managers_and_fields(client: Client, server: HTTPServer) -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "kubectl-edit" using v1',
        "field": ".data.x",
    }
    server.expect_request(PATH, method="PATCH").respond_with_json(
        status(409, "Conflict", "Apply failed with 1 conflict", causes=[cause]), status=409
    )

    with pytest.raises(ConflictError) as raised:
        client.apply(CONFIG_MAP, force=False)

    assert raised.value.conflicts == (FieldConflict("kubectl-edit", ".data.x"),)


def test_a_lost_race_is_tried_again(client: Client, server: HTTPServer) -> None:
    server.expect_oneshot_request(PATH, method="PATCH").respond_with_json(
        status(409, "Conflict", "the object has been modified"), status=409
    )
    server.expect_oneshot_request(PATH, method="PATCH").respond_with_json(CONFIG_MAP)

    assert client.apply(CONFIG_MAP) == CONFIG_MAP


def test_a_race_that_is_always_lost_is_transient(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH, method="PATCH").respond_with_json(
        status(409, "Conflict", "the object has been modified"), status=409
    )

    with pytest.raises(UnavailableError, match="has been modified"):
        client.apply(CONFIG_MAP)


def test_a_broken_schema_is_permanent_although_the_server_says_500(
    client: Client, server: HTTPServer
) -> None:
    message = "failed to create typed patch object (t4/a; v1, Kind=ConfigMap): .bogus: …"
    server.expect_request(PATH, method="PATCH").respond_with_json(
        status(500, "", message), status=500
    )

    with pytest.raises(InvalidError, match=r"\.bogus"):
        client.apply(CONFIG_MAP)


def test_secret_values_stay_out_of_messages(client: Client, server: HTTPServer) -> None:
    secret = {**CONFIG_MAP, "kind": "Secret"}
    cause = {"reason": "FieldValueInvalid", "message": 'Invalid value: "hunter2"', "field": "data"}
    server.expect_request("/api/v1/namespaces/t4/secrets/a").respond_with_json(
        status(422, "Invalid", 'Secret "a" is invalid: data: "hunter2"', causes=[cause]), status=422
    )

    with pytest.raises(InvalidError) as raised:
        client.apply(secret)

    assert "hunter2" not in str(raised.value)
    assert "data: FieldValueInvalid" in str(raised.value)


def test_a_busy_server_names_the_time_to_wait(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_json(
        status(429, "TooManyRequests", "slow down"), status=429, headers={"Retry-After": "3"}
    )

    with pytest.raises(UnavailableError) as raised:
        client.get(KEY)

    assert raised.value.retry_after_s == 3


def test_what_does_not_exist_is_none(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_json(
        status(404, "NotFound", 'configmaps "a" not found'), status=404
    )

    assert client.get(KEY, "v1") is None
    assert client.get(ObjectKey("no.such", "Thing", "t4", "a"), "no.such/v1") is None


def test_an_apply_into_a_missing_namespace_says_what_is_missing(
    client: Client, server: HTTPServer
) -> None:
    server.expect_request(PATH).respond_with_json(
        status(404, "NotFound", 'namespaces "t4" not found'), status=404
    )

    with pytest.raises(NotFoundError, match='apply ConfigMap t4/a: namespaces "t4" not found'):
        client.apply(CONFIG_MAP)


def test_an_unknown_kind_is_named(client: Client) -> None:
    with pytest.raises(UnknownKindError, match=r"demo\.example/v1 Widget"):
        client.apply({**CONFIG_MAP, "apiVersion": "demo.example/v1", "kind": "Widget"})


def test_a_server_that_is_away_is_transient(unused_port: int) -> None:
    configuration = kubernetes_client.Configuration(host=f"http://127.0.0.1:{unused_port}")

    with pytest.raises(UnavailableError, match="cannot be reached"):
        Client(Connection(configuration)).version()


def test_an_answer_that_is_no_json_is_transient(client: Client, server: HTTPServer) -> None:
    server.expect_request("/version").respond_with_data("<html>proxy</html>")

    with pytest.raises(UnavailableError, match="not JSON"):
        client.version()


def test_a_list_follows_its_pages_and_gives_items_their_kind(
    client: Client, server: HTTPServer
) -> None:
    query = {"limit": "500", "labelSelector": "roster.dev/application"}
    path = "/api/v1/configmaps"
    server.expect_request(path, query_string={**query, "continue": "next"}).respond_with_json(
        {"kind": "ConfigMapList", "metadata": {}, "items": [{"metadata": {"name": "two"}}]}
    )
    server.expect_request(path, query_string=query).respond_with_json(
        {"metadata": {"continue": "next"}, "items": [{"metadata": {"name": "one"}}]}
    )

    found = client.list("v1", "ConfigMap", label="roster.dev/application")

    assert [item["metadata"]["name"] for item in found] == ["one", "two"]
    assert {item["kind"] for item in found} == {"ConfigMap"}


def test_a_delete_names_the_object_it_means(client: Client, server: HTTPServer) -> None:
    seen: list[Any] = []

    def answer(request: Request) -> Response:
        seen.append(json.loads(request.data))
        return Response(json.dumps({"kind": "Status"}), content_type="application/json")

    server.expect_request(PATH, method="DELETE").respond_with_handler(answer)

    client.delete(KEY, uid="u-1")

    assert seen[0]["preconditions"] == {"uid": "u-1"}
    assert seen[0]["propagationPolicy"] == "Foreground"


def test_deleting_what_is_gone_is_fine(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH, method="DELETE").respond_with_json(
        status(404, "NotFound", "gone"), status=404
    )

    client.delete(KEY, uid="u-1")


def test_a_namespace_is_created_once(client: Client, server: HTTPServer) -> None:
    path = "/api/v1/namespaces/agents"
    server.expect_oneshot_request(path, method="GET").respond_with_json({}, status=404)
    server.expect_oneshot_request("/api/v1/namespaces", method="POST").respond_with_json({})
    server.expect_oneshot_request(path, method="GET").respond_with_json({"kind": "Namespace"})

    assert client.ensure_namespace("agents")
    assert not client.ensure_namespace("agents")


def test_a_kind_without_namespace_loses_it(client: Client) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "n", "namespace": "default"},
    }

    assert client.canonical(manifest)["metadata"] == {"name": "n"}
    assert client.canonical(CONFIG_MAP) is CONFIG_MAP


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no-such-file"):
        Client.from_kubeconfig(tmp_path / "no-such-file")


def test_a_closed_client_sends_nothing(client: Client, server: HTTPServer) -> None:
    server.expect_request(PATH).respond_with_json(CONFIG_MAP)
    client.apply(CONFIG_MAP)
    sent = len(server.log)

    client.close()

    with pytest.raises(TransientError, match="stopping"):
        client.apply(CONFIG_MAP)
    assert len(server.log) == sent


def test_events_are_read_in_pages(client: Client, server: HTTPServer) -> None:
    path = "/api/v1/namespaces/t4/events"
    first = {"metadata": {"continue": "more"}, "items": [{"reason": "Pulled"}]}
    last = {"metadata": {}, "items": [{"reason": "Started"}]}
    about = {"limit": "500", "fieldSelector": "involvedObject.uid=u-1"}
    server.expect_ordered_request(path, query_string=about).respond_with_json(first)
    server.expect_ordered_request(
        path, query_string={**about, "continue": "more"}
    ).respond_with_json(last)

    found = client.events("t4", uid="u-1")

    assert [event["reason"] for event in found] == ["Pulled", "Started"]

"""The application as clients see it: who may ask, and in which form answers come."""

import asyncio
from typing import Any

import httpx
import pytest

from controller.local.apiserver.asgi import App
from controller.local.apiserver.store import Store

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def app(store: Store) -> App:
    return App(store.verbs, store.tokens, address="127.0.0.1:1")


def send(app: App, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
    used = app.tokens.admin_token if token is None else token
    headers = {**more.pop("headers", {})}
    if used:
        headers["Authorization"] = f"Bearer {used}"

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://x") as client:
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(request())


def account_token(app: App) -> str:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    made = send(app, "POST", path, json={"spec": {"expirationSeconds": 3600}})
    token: str = made.json()["status"]["token"]
    return token


def test_a_wrong_token_is_nobodys(app: App) -> None:
    assert send(app, "GET", CONFIGMAPS, token="wrong").status_code == 401


def test_without_a_token_only_health_and_version_answer(app: App) -> None:
    codes = [send(app, "GET", path, token="").status_code for path in ("/readyz", CONFIGMAPS)]

    assert codes == [200, 403]


def test_a_service_account_may_do_what_its_roles_say(app: App) -> None:
    token = account_token(app)
    before = send(app, "GET", CONFIGMAPS, token=token)
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    binding = {
        "metadata": {"name": "see"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
        "subjects": [subject],
    }
    send(app, "POST", f"/apis/{group}/v1/namespaces/default/rolebindings", json=binding)

    after = send(app, "GET", CONFIGMAPS, token=token)
    write = send(app, "POST", CONFIGMAPS, token=token, json={"metadata": {"name": "a"}})

    assert (before.status_code, after.status_code, write.status_code) == (403, 200, 403)


def test_a_token_dies_with_its_account(app: App) -> None:
    token = account_token(app)
    send(app, "DELETE", "/api/v1/namespaces/default/serviceaccounts/default")

    assert send(app, "GET", "/apis", token=token).status_code == 401


def test_long_lists_come_in_pieces(app: App) -> None:
    for name in "abc":
        send(app, "POST", CONFIGMAPS, json={"metadata": {"name": name}})

    first = send(app, "GET", CONFIGMAPS, params={"limit": 2}).json()
    token = first["metadata"]["continue"]
    second = send(app, "GET", CONFIGMAPS, params={"limit": 2, "continue": token}).json()

    names = [[item["metadata"]["name"] for item in piece["items"]] for piece in (first, second)]
    assert names == [["a", "b"], ["c"]]
    assert first["metadata"]["remainingItemCount"] == 1


def names_of(answer: httpx.Response) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json()["items"]]


def test_all_pieces_of_a_list_are_of_one_version(app: App) -> None:
    for name in "bcd":
        send(app, "POST", CONFIGMAPS, json={"metadata": {"name": name}})
    first = send(app, "GET", CONFIGMAPS, params={"limit": 1})
    send(app, "DELETE", f"{CONFIGMAPS}/c")
    for name in "ae":
        send(app, "POST", CONFIGMAPS, json={"metadata": {"name": name}})

    token = first.json()["metadata"]["continue"]
    second = send(app, "GET", CONFIGMAPS, params={"continue": token})

    assert names_of(first) + names_of(second) == ["b", "c", "d"]
    versions = {answer.json()["metadata"]["resourceVersion"] for answer in (first, second)}
    assert len(versions) == 1


def test_a_list_of_an_exact_version_is_of_the_past(app: App) -> None:
    made = send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})
    version = made.json()["metadata"]["resourceVersion"]
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "b"}})
    exactly = {"resourceVersion": version, "resourceVersionMatch": "Exact"}

    assert names_of(send(app, "GET", CONFIGMAPS, params=exactly)) == ["a"]


def test_a_list_that_began_too_long_ago_can_be_continued_as_it_is_now(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        send(app, "POST", CONFIGMAPS, json={"metadata": {"name": name}})
    token = send(app, "GET", CONFIGMAPS, params={"limit": 1}).json()["metadata"]["continue"]
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "c"}})
    monkeypatch.setattr(app.verbs.storage, "_floor", app.verbs.storage.version)

    refused = send(app, "GET", CONFIGMAPS, params={"continue": token})
    again = refused.json()["metadata"]["continue"]

    assert (refused.status_code, refused.json()["reason"]) == (410, "Expired")
    assert names_of(send(app, "GET", CONFIGMAPS, params={"continue": again})) == ["b", "c"]


def test_yaml_bodies_are_read(app: App) -> None:
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {when: 2026-01-01}\n"
    headers = {"Content-Type": "application/yaml"}

    made = send(app, "POST", CONFIGMAPS, content=body, headers=headers)

    assert made.json()["data"] == {"when": "2026-01-01"}


def test_protobuf_bodies_are_read(app: App) -> None:
    # A ConfigMap named `a` with k=v, as kubectl encodes it.
    config = b"\x0a\x03\x0a\x01a" + b"\x12\x06\x0a\x01k\x12\x01v"
    types = b"\x0a\x02v1\x12\x09ConfigMap"
    unknown = b"\x0a" + bytes([len(types)]) + types + b"\x12" + bytes([len(config)]) + config
    headers = {"Content-Type": "application/vnd.kubernetes.protobuf"}

    made = send(app, "POST", CONFIGMAPS, content=b"k8s\x00" + unknown, headers=headers)

    assert (made.status_code, made.json()["data"]) == (201, {"k": "v"})


def test_unknown_fields_are_told_in_a_header(app: App) -> None:
    made = send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}, "bogus": 1})

    assert made.headers["warning"] == '299 - "unknown field \\"bogus\\""'


def test_the_admin_may_act_as_somebody_else(app: App) -> None:
    headers = {"Impersonate-User": "system:serviceaccount:default:default"}

    assert send(app, "GET", CONFIGMAPS, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nope", 404),
        ("GET", "/apis/apps/v2/deployments", 404),
        ("PUT", CONFIGMAPS, 405),
        ("POST", f"{CONFIGMAPS}/a", 405),
        ("GET", "/openapi/v3", 200),
        ("GET", "/openapi/v3/api/v1", 200),
        ("GET", "/apis/apps", 200),
        ("GET", f"{CONFIGMAPS}?resourceVersion=999999999", 504),
    ],
)
def test_paths_answer_as_they_should(app: App, method: str, path: str, code: int) -> None:
    assert send(app, method, path, json={} if method != "GET" else None).status_code == code


def test_a_watch_from_long_ago_has_expired(app: App) -> None:
    params = {"watch": "1", "resourceVersion": "1", "timeoutSeconds": "1"}

    event = send(app, "GET", CONFIGMAPS, params=params).json()

    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_a_watch_tells_when_the_initial_state_is_complete(app: App) -> None:
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})
    params = {
        "watch": "1",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "1",
    }

    lines = send(app, "GET", CONFIGMAPS, params=params).text.splitlines()

    assert ['"ADDED"' in lines[0], "k8s.io/initial-events-end" in lines[1]] == [True, True]


def test_a_dry_run_in_the_body_of_a_deletion_deletes_nothing(app: App) -> None:
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})

    answer = send(app, "DELETE", f"{CONFIGMAPS}/a", json={"dryRun": ["All"]})

    assert answer.status_code == 200
    assert send(app, "GET", f"{CONFIGMAPS}/a").status_code == 200


def test_a_patch_that_is_no_object_is_refused(app: App) -> None:
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})
    media = {"Content-Type": "application/strategic-merge-patch+json"}

    answer = send(app, "PATCH", f"{CONFIGMAPS}/a", json=[1], headers=media)

    wrong = "json: cannot unmarshal array into Go value of type map[string]interface {}"
    assert (answer.status_code, answer.json()["message"]) == (400, wrong)


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        ({"uid": "other"}, 422,
         'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable'),
        ({"creationTimestamp": "2020-01-01T00:00:00Z"}, 422,
         ('ConfigMap "a" is invalid: metadata.creationTimestamp: '
         'Invalid value: "2020-01-01T00:00:00Z": field is immutable')),
        ({"resourceVersion": "x"}, 500, 'strconv.ParseUint: parsing "x": invalid syntax'),
        ({"finalizers": ["mine"]}, 422,
         ('ConfigMap "a" is invalid: metadata.finalizers[0]: Invalid value: "mine": '
         "name is neither a standard finalizer name nor is it fully qualified")),
    ],
)  # fmt: skip
def test_what_a_patch_may_not_change(
    app: App, metadata: dict[str, Any], code: int, message: str
) -> None:
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})
    media = {"Content-Type": "application/merge-patch+json"}

    answer = send(app, "PATCH", f"{CONFIGMAPS}/a", json={"metadata": metadata}, headers=media)

    assert (answer.status_code, answer.json()["message"]) == (code, message)


def test_another_uid_in_a_replacement_is_a_precondition_that_fails(app: App) -> None:
    send(app, "POST", CONFIGMAPS, json={"metadata": {"name": "a"}})

    answer = send(app, "PUT", f"{CONFIGMAPS}/a", json={"metadata": {"name": "a", "uid": "u"}})

    assert answer.status_code == 409
    assert "Key: /registry/configmaps/default/a" in answer.json()["message"]


def test_answers_come_in_yaml_where_that_is_preferred(app: App) -> None:
    answer = send(app, "GET", f"{CONFIGMAPS}/none", headers={"Accept": "application/yaml"})

    assert answer.headers["content-type"] == "application/yaml"
    assert answer.text.startswith("apiVersion: v1\ncode: 404\n")


def test_a_field_that_stands_twice_is_an_error_for_who_is_strict(app: App) -> None:
    body = b'{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'

    answer = send(app, "POST", f"{CONFIGMAPS}?fieldValidation=Strict", content=body)

    assert answer.status_code == 400
    assert answer.json()["message"].endswith('strict decoding error: duplicate field "data.x"')

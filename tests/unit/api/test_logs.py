"""Logs through the whole server, from a cluster's API that is scripted."""

import json
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller.api.serve import Server

POD = "triage-7d9f-abcde"
PATH = "/api/v1/applications/staging/logs"
KEY = "canary-s3cr3t-value"
LINES = f"T1 one\nT2 the key is {KEY}\nT3 three\n"


@pytest.fixture
def get(reading: Server) -> Any:
    """Ask for logs of an application whose pod's log the cluster has."""

    def ask(query: str = "", accept: str = "*/*", path: str = PATH) -> httpx.Response:
        return httpx.get(f"{reading.url}{path}?{query}", headers={"Accept": accept}, timeout=60)

    return ask


def serve(cluster: HTTPServer, text: str = LINES, **query: str) -> None:
    path = f"/api/v1/namespaces/agents/pods/{POD}/log"
    asked = {"timestamps": "true", "tailLines": "500", **query}
    cluster.expect_request(path, query_string=asked).respond_with_data(text)


def test_lines_come_in_argos_shape_and_masked(get: Any, cluster: HTTPServer) -> None:
    serve(cluster)

    answer = get()
    results = [json.loads(line)["result"] for line in answer.text.splitlines()]

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [(each["timeStampStr"], each["podName"]) for each in results] == [
        (time, POD) for time in ("T1", "T2", "T3")
    ]
    assert KEY not in answer.text
    assert results[1]["content"].startswith("the key is ********")


def test_lines_come_as_bare_text_and_as_events(get: Any, cluster: HTTPServer) -> None:
    serve(cluster)

    assert get(accept="text/plain").text.splitlines()[::2] == ["one", "three"]
    events = get(accept="text/event-stream").text
    assert events.startswith(": hello\n\nevent: line\ndata: {")
    assert events.count("event: line\n") == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("THREE", ["three"]), ("!key", ["one", "three"]), ("nowhere", [])],
)
def test_lines_are_filtered(
    get: Any, cluster: HTTPServer, wanted: str, expected: list[str]
) -> None:
    serve(cluster)

    assert get(f"filter={wanted}", "text/plain").text.splitlines() == expected


def test_the_part_that_is_asked_for_reaches_the_cluster(get: Any, cluster: HTTPServer) -> None:
    serve(cluster, "T9 last\n", tailLines="1", sinceSeconds="60", previous="true", container="c")

    query = "tailLines=1&sinceSeconds=60&previous=true&container=c"

    assert get(query, "text/plain").text == "last\n"


@pytest.mark.parametrize(
    "query",
    [
        f"podName={POD}",
        "kind=Deployment&group=apps&namespace=agents&resourceName=triage",
        "resourceName=triage-7d9f",
    ],
)
def test_pods_are_found_by_name_or_by_what_is_above(
    get: Any, cluster: HTTPServer, query: str
) -> None:
    serve(cluster)

    assert get(query).status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (PATH, "podName=of-another-application", 404),
        (PATH, "resourceName=no-such-object", 404),
        ("/api/v1/applications/no-such/logs", "", 404),
        (PATH, "tailLines=-1", 400),
        (PATH, "unknown=1", 400),
    ],
)
def test_what_is_not_the_applications_is_not_found(
    get: Any, path: str, query: str, status: int
) -> None:
    answer = get(query, path=path)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message", "remedy"}


def test_a_refusal_of_the_cluster_is_told(get: Any, cluster: HTTPServer) -> None:
    body = {"kind": "Status", "message": "container agent is waiting to start", "code": 400}
    cluster.expect_request(f"/api/v1/namespaces/agents/pods/{POD}/log").respond_with_json(
        body, status=400
    )

    answer = get(f"podName={POD}")

    assert answer.status_code == 409
    assert "waiting to start" in answer.json()["message"]


def test_a_followed_log_tells_what_comes(get: Any, cluster: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        assert request.args["follow"] == "true"
        return Response(iter([b"T1 one\n", b"T2 two\n"]))

    cluster.expect_request(f"/api/v1/namespaces/agents/pods/{POD}/log").respond_with_handler(answer)

    assert get("follow=true", "text/plain").text == "one\ntwo\n"

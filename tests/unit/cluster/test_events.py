"""Events as a server gets them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller.cluster.client import Client
from controller.cluster.events import Event, Recorder

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "triage", "namespace": "agents", "uid": "u1"},
}
PATH = "/apis/events.k8s.io/v1/namespaces/agents/events"


class Clock:
    now = 1_767_225_600.25

    def __call__(self) -> float:
        return self.now


class Written:
    """What arrived; every request is answered with a status."""

    def __init__(self, status: int = 201) -> None:
        self.status = status
        self.creates: list[dict[str, Any]] = []
        self.counts: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            self.creates.append(request.get_json())
        else:
            self.counts.append((request.path, request.get_json()))
        return Response("{}", status=self.status, content_type="application/json")


@pytest.fixture
def written(server: HTTPServer) -> Written:
    found = Written()
    server.expect_request(re.compile(PATH)).respond_with_handler(found)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tell(client: Client, written: Written, clock: Clock) -> Callable[..., None]:
    """Record events, and wait until they were written or given up."""
    recorder = Recorder(client.connection, instance="pod-1", clock=clock)

    def record(*events: Event) -> None:
        for event in events:
            recorder._write(event)

    return record


def event(note: str = "Applied revision abc", reason: str = "Synced", **given: Any) -> Event:
    return Event(regarding=given.pop("regarding", DEPLOYMENT), reason=reason, note=note, **given)


def test_an_event_has_what_the_api_demands(written: Written, tell: Callable[..., None]) -> None:
    tell(event(type="Warning"))

    (body,) = written.creates
    assert body["metadata"].pop("name").startswith("triage.")
    assert body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "agents"},
        "eventTime": "2026-01-01T00:00:00.250000Z",
        "reportingController": "roster.dev/roster",
        "reportingInstance": "pod-1",
        "action": "Sync",
        "reason": "Synced",
        "type": "Warning",
        "regarding": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "triage",
            "namespace": "agents",
            "uid": "u1",
        },
        "note": "Applied revision abc",
    }


def test_the_same_news_is_counted(
    written: Written, tell: Callable[..., None], clock: Clock
) -> None:
    tell(event())
    clock.now += 60
    tell(event(), event(), event("another"))

    name = written.creates[0]["metadata"]["name"]
    assert len(written.creates) == 2
    assert [path for path, _ in written.counts] == [f"{PATH}/{name}"] * 2
    assert written.counts[-1][1]["series"] == {
        "count": 3,
        "lastObservedTime": "2026-01-01T00:01:00.250000Z",
    }


def test_old_news_is_told_again(written: Written, tell: Callable[..., None], clock: Clock) -> None:
    tell(event())
    clock.now += 601
    tell(event())

    assert len(written.creates) == 2
    assert written.counts == []


def test_a_flood_is_cut_off(written: Written, tell: Callable[..., None], clock: Clock) -> None:
    tell(*(event(str(number)) for number in range(100)))
    assert len(written.creates) == 25

    clock.now += 5
    tell(*(event(str(number)) for number in range(100, 200)))
    assert len(written.creates) == 30


def test_notes_are_short_and_without_credentials(
    written: Written, tell: Callable[..., None]
) -> None:
    tell(event("https://me:s3cret@git/x " + "x" * 2000))

    assert len(written.creates[0]["note"]) == 1000
    assert "s3cret" not in written.creates[0]["note"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_harms_nobody(client: Client, written: Written, status: int) -> None:
    written.status = status
    recorder = Recorder(client.connection, instance="pod-1")
    recorder.start()
    recorder.record(event("one"))
    recorder.record(event("two"))
    recorder.stop(60)

    assert len(written.creates) == 2


def test_recording_never_waits(client: Client) -> None:
    recorder = Recorder(client.connection, instance="pod-1")

    for number in range(1000):
        recorder.record(event(str(number)))

    assert recorder._waiting.qsize() == 256

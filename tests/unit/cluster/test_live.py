from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from controller.cluster.client import Client
from controller.cluster.errors import ForbiddenError, UnavailableError
from controller.cluster.live import LiveState
from controller.objects import ObjectKey

KIND = ("v1", "ConfigMap")


def key(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "ns", name)


@pytest.fixture
def live(client: Client, script: Any) -> Iterator[LiveState]:
    live = LiveState(client)
    live.start()
    yield live
    live.stop()


def test_a_followed_kind_is_listed_by_our_label(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    script.items = [config_map("one", 5), config_map("two", 6, application="other")]

    live.follow([KIND])

    assert live.get(key("one")) is not None
    assert set(live.managed("app")) == {key("one")}
    assert live.applications() == {"app", "other"}
    until(lambda: script.watches)
    assert script.watches[0]["labelSelector"] == "roster.dev/application"
    assert script.watches[0]["resourceVersion"] == "10"


def test_events_change_what_is_known_and_reach_subscribers(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    script.items = [config_map("one", 5)]
    heard: list[tuple[str, str]] = []
    live.follow([KIND])
    live.subscribe(lambda key, application: heard.append((key.name, application)))

    script.tell("ADDED", config_map("two", 11))
    script.tell("MODIFIED", config_map("one", 12, x="1"))
    script.tell("DELETED", config_map("two", 13))
    until(lambda: len(heard) == 3)

    assert heard == [("two", "app"), ("one", "app"), ("two", "app")]
    assert live.get(key("two")) is None
    assert (live.get(key("one")) or {})["data"] == {"x": "1"}


def test_a_dropped_watch_goes_on_from_the_last_bookmark(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    live.follow([KIND])
    script.tell("ADDED", config_map("one", 11))
    script.tell("BOOKMARK", {"metadata": {"resourceVersion": "40"}})
    script.cut()

    until(lambda: len(script.watches) == 2)

    assert script.watches[1]["resourceVersion"] == "40"
    assert script.lists == 1


def test_an_expired_version_leads_to_a_new_list(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    script.items = [config_map("one", 5)]
    live.follow([KIND])
    script.items = [config_map("two", 50)]
    heard: list[str] = []
    live.subscribe(lambda key, _: heard.append(key.name))

    script.tell("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "metadata": {}})
    until(lambda: len(heard) == 2)

    assert script.lists == 2
    assert (live.get(key("one")), bool(live.get(key("two")))) == (None, True)
    assert sorted(heard) == ["one", "two"]


def test_our_own_write_is_known_before_the_watch_tells(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    live.follow([KIND])

    live.observed(config_map("one", 20, x="new"))
    script.tell("ADDED", config_map("one", 15, x="old"))
    script.tell("ADDED", config_map("marker", 16))
    until(lambda: live.get(key("marker")))

    assert (live.get(key("one")) or {})["data"] == {"x": "new"}


def test_a_server_that_comes_back_is_listed_again(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    script.items = [config_map("one", 500)]
    live.follow([KIND])
    script.status = 503
    script.cut()
    until(lambda: _fails(live))
    script.items, script.version, script.status = [config_map("one", 3, x="reset")], "4", 200

    until(lambda: (live.get(key("one")) or {}).get("data") == {"x": "reset"})
    until(lambda: not _fails(live))


def test_a_forbidden_kind_is_an_error(live: LiveState, script: Any) -> None:
    script.status = 403

    with pytest.raises(ForbiddenError):
        live.follow([KIND])


def test_an_unknown_kind_has_no_objects(live: LiveState) -> None:
    live.follow([("demo.example/v1", "Widget")])

    assert not live.managed("app")


def test_bookkeeping_of_the_server_is_no_news(
    live: LiveState, script: Any, config_map: Any, until: Any
) -> None:
    live.follow([KIND])
    heard: list[str] = []
    live.subscribe(lambda key, _: heard.append(key.name))

    script.tell("ADDED", config_map("one", 11))
    script.tell("MODIFIED", config_map("one", 12))
    script.tell("ADDED", config_map("marker", 13))
    until(lambda: "marker" in heard)

    assert heard == ["one", "marker"]


def owned(kind: str, name: str, owner: str, **rest: Any) -> dict[str, Any]:
    """Make an object that another one owns, with more in it than anybody looks at."""
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": f"{kind}-{name}",
            "labels": {"big": "one"},
            "ownerReferences": [{"uid": owner, "controller": True}],
            **rest.pop("metadata", {}),
        },
        **rest,
    }


def serve(server: HTTPServer, path: str, *items: dict[str, Any]) -> None:
    body = {"metadata": {"resourceVersion": "3"}, "items": list(items)}
    server.expect_request(path).respond_with_json(body)


REPLICA_SETS, PODS = "/apis/apps/v1/namespaces/ns/replicasets", "/api/v1/namespaces/ns/pods"
DEPLOYMENT = ObjectKey("apps", "Deployment", "ns", "agent")


def crashing(name: str, owner: str) -> dict[str, Any]:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    status = {"containerStatuses": [{"name": "c", "state": {"waiting": waiting}}]}
    return owned("pod", name, owner, spec={"containers": [{"name": "c"}]}, status=status)


def test_pods_are_kept_as_light_nodes(live: LiveState, server: HTTPServer, until: Any) -> None:
    serve(server, PODS, crashing("p", "rs-1"))
    serve(server, REPLICA_SETS)

    live.follow_below([DEPLOYMENT])
    until(lambda: live.children("rs-1"))
    (node,) = live.children("rs-1")

    assert node["metadata"]["name"] == "p"
    assert node["status"]["containerStatuses"][0]["name"] == "c"
    assert "containers" not in node["spec"]
    assert "labels" not in node["metadata"]
    assert live.children("nobody") == ()


def test_pods_of_the_newest_replica_set_count(
    live: LiveState, server: HTTPServer, until: Any
) -> None:
    notes = "deployment.kubernetes.io/revision"
    serve(
        server,
        REPLICA_SETS,
        owned("rs", "old", "d-1", metadata={"annotations": {notes: "9"}}),
        owned("rs", "new", "d-1", metadata={"annotations": {notes: "10"}}),
    )
    serve(server, PODS, crashing("a", "rs-old"), crashing("b", "rs-new"))

    live.follow_below([DEPLOYMENT])
    until(lambda: live.pods("d-1") and len(live.children("d-1")) == 2)

    assert [pod["metadata"]["name"] for pod in live.pods("d-1")] == ["b"]


def test_trouble_of_a_pod_is_told_of_the_object_above(
    live: LiveState, server: HTTPServer, config_map: Any, until: Any
) -> None:
    top = {**config_map("agent", 5), "apiVersion": "apps/v1", "kind": "Deployment"}
    live.observed(top)
    heard: list[tuple[ObjectKey, str]] = []
    live.subscribe(lambda key, application: heard.append((key, application)))
    serve(server, REPLICA_SETS, owned("rs", "one", top["metadata"]["uid"]))
    serve(server, PODS, crashing("p", "rs-one"))

    live.follow_below([DEPLOYMENT])

    until(lambda: live.pods(top["metadata"]["uid"]) and (DEPLOYMENT, "app") in heard)


def test_pods_that_may_not_be_listed_are_unknown(live: LiveState, server: HTTPServer) -> None:
    server.expect_request(PODS).respond_with_data("{}", status=403)
    server.expect_request(REPLICA_SETS).respond_with_data("{}", status=403)

    live.follow_below([DEPLOYMENT])

    assert live.pods("d-1") == ()


def _fails(live: LiveState) -> bool:
    try:
        live.follow([KIND])
    except UnavailableError:
        return True
    return False

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

LIST = "/api/v1/applications/staging/managed-resources"

pytestmark = pytest.mark.usefixtures("stored")


def test_objects_come_with_both_manifests(client: FlaskClient) -> None:
    query = {"kind": "Deployment", "name": "researcher"}
    (item,) = client.get(LIST, query_string=query).get_json()["items"]

    assert json.loads(item["targetState"])["spec"]["replicas"] == 1
    assert json.loads(item["liveState"])["spec"]["replicas"] == 3
    assert (item["modified"], item["resourceVersion"]) == (True, "4711")


def test_missing_sides_are_empty(client: FlaskClient) -> None:
    def states(name: str) -> tuple[bool, bool]:
        query = {"kind": "Deployment", "name": name}
        (item,) = client.get(LIST, query_string=query).get_json()["items"]
        return bool(item["targetState"]), bool(item["liveState"])

    assert states("writer") == (True, False)
    assert states("retired") == (False, True)


def test_secrets_are_masked_and_still_comparable(client: FlaskClient) -> None:
    query = {"kind": "Secret", "name": "claude-key"}
    (item,) = client.get(LIST, query_string=query).get_json()["items"]
    desired, live = json.loads(item["targetState"]), json.loads(item["liveState"])

    assert desired["data"] == live["data"]
    assert desired["data"]["key"].startswith("********")


def test_bookkeeping_of_the_server_is_left_out(client: FlaskClient) -> None:
    for item in client.get(LIST).get_json()["items"]:
        assert "managedFields" not in item["liveState"]


def test_empty_group_selects_core_objects(client: FlaskClient) -> None:
    kinds = {item["kind"] for item in client.get(f"{LIST}?group=").get_json()["items"]}

    assert kinds == {"ConfigMap", "Secret", "Service", "ServiceAccount"}


def test_objects_come_in_pages(client: FlaskClient) -> None:
    first = client.get(f"{LIST}?limit=12").get_json()
    token = first["metadata"]["continue"]
    second = client.get(LIST, query_string={"limit": 12, "continue": token}).get_json()

    assert (len(first["items"]), len(second["items"])) == (12, 8)
    assert second["metadata"]["continue"] == ""


def test_states_include_what_the_server_predicted(client: FlaskClient) -> None:
    query = {"kind": "Deployment", "name": "researcher"}
    (item,) = client.get(LIST, query_string=query).get_json()["items"]

    assert json.loads(item["predictedLiveState"])["predicted"] is True
    assert "uid" not in json.loads(item["normalizedLiveState"])["metadata"]
    assert (item["file"], item["line"]) == ("agents/researcher.yaml", 1)


RESOURCE = "/api/v1/applications/staging/resource"


def resource(client: FlaskClient, kind: str, name: str, group: str = "") -> Any:
    query = {"kind": kind, "resourceName": name, "group": group, "namespace": "agents"}
    return client.get(RESOURCE, query_string=query)


def test_one_object_comes_with_difference_and_origin(client: FlaskClient) -> None:
    found = resource(client, "Deployment", "researcher", "apps").get_json()

    assert "+predicted: true" in found["diff"]
    assert found["origin"]["commit"]["author"] == "Grace Hopper"
    assert (found["origin"]["file"], found["origin"]["line"]) == ("agents/researcher.yaml", 1)
    assert json.loads(found["manifest"]) == json.loads(found["liveState"])


def test_what_the_cluster_made_is_shown_as_it_is(client: FlaskClient) -> None:
    found = resource(client, "Pod", "triage-7d9f-abcde").get_json()

    assert (found["targetState"], found["status"], found["origin"]) == ("", None, None)
    assert found["health"]["status"] == "Degraded"
    assert json.loads(found["liveState"])["spec"]["containers"]


@pytest.mark.parametrize(("kind", "name"), [("Secret", "of-nobody"), ("Pod", "of-another")])
def test_objects_of_others_are_not_shown(client: FlaskClient, kind: str, name: str) -> None:
    assert resource(client, kind, name).status_code == 404


def test_tree_leads_down_to_pods(client: FlaskClient) -> None:
    tree = client.get("/api/v1/applications/staging/resource-tree").get_json()
    nodes = {(node["kind"], node["name"]): node for node in tree["nodes"]}
    replica_set, pod = nodes["ReplicaSet", "triage-7d9f"], nodes["Pod", "triage-7d9f-abcde"]

    assert pod["parentRefs"][0]["uid"] == replica_set["uid"]
    assert pod["images"] == ["roster:1"]
    assert {(each["name"], each["value"]) for each in pod["info"]} == {
        ("Status Reason", "CrashLoopBackOff"),
        ("Node", "local"),
        ("Containers", "0/1"),
        ("Restart Count", "3"),
    }
    assert replica_set["info"] == [{"name": "Revision", "value": "Rev:2"}]
    assert (pod["status"], nodes["Deployment", "triage"]["status"]) == (None, "Synced")


def test_a_page_of_the_tree_counts_objects_of_git(client: FlaskClient) -> None:
    url = "/api/v1/applications/staging/resource-tree"
    first = client.get(url, query_string={"limit": 1, "kind": "Deployment"}).get_json()

    assert first["metadata"]["remainingItemCount"] > 0
    assert len({node["name"] for node in first["nodes"] + first["orphanedNodes"]}) == 1


def test_tree_names_owners_and_orphans(client: FlaskClient) -> None:
    tree = client.get("/api/v1/applications/staging/resource-tree").get_json()
    prompts = next(node for node in tree["nodes"] if node["name"] == "prompts")

    assert prompts["uid"] == "uid-ConfigMap-prompts"
    (parent,) = prompts["parentRefs"]
    assert (parent["group"], parent["kind"], parent["uid"]) == ("apps", "Deployment", "u1")
    assert [node["name"] for node in tree["orphanedNodes"]] == ["retired"]


def test_tree_takes_objects_that_do_not_exist_yet(client: FlaskClient) -> None:
    tree: dict[str, Any] = client.get("/api/v1/applications/staging/resource-tree").get_json()
    writer = [node for node in tree["nodes"] if node["name"] == "writer"]

    assert {(node["uid"], node["createdAt"]) for node in writer} == {("", None)}

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

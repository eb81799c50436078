from types import SimpleNamespace
from typing import Any

from controller.api import tree
from controller.health import HealthStatus
from controller.objects import Manifest, ObjectKey
from controller.state.records import ObjectStatus

DEPLOYMENT = ObjectKey("apps", "Deployment", "agents", "triage")


def light(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "agents", "uid": f"u-{name}"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}


def sight(children: dict[str, tuple[Manifest, ...]]) -> tree.Sight:
    live = {DEPLOYMENT: light("Deployment", "triage")}
    return tree.Sight(live=live.get, children=lambda uid: children.get(uid, ()))


def item() -> ObjectStatus:
    return ObjectStatus(key=str(DEPLOYMENT), api_version="apps/v1", health="Healthy")


def test_what_the_cluster_made_stands_below() -> None:
    below = {"u-triage": (light("ReplicaSet", "rs"),), "u-rs": (light("Pod", "p"),)}

    root = tree.of_object(item(), sight(below))

    assert [node.key.kind for node in root.walk()] == ["Deployment", "ReplicaSet", "Pod"]
    assert [node.key.name for node in tree.pods([root])] == ["p"]


def test_owners_that_go_in_a_circle_end() -> None:
    below = {"u-triage": (light("ReplicaSet", "a"),), "u-a": (light("ReplicaSet", "a"),)}

    assert len(list(tree.of_object(item(), sight(below)).walk())) < 20


def test_a_set_that_was_scaled_down_is_well() -> None:
    empty = {**light("ReplicaSet", "old"), "apiVersion": "apps/v1", "spec": {"replicas": 0}}

    (old,) = tree.of_object(item(), sight({"u-triage": (empty,)})).children

    assert old.health.status is HealthStatus.HEALTHY


def test_only_what_its_owners_lead_to_belongs(make: SimpleNamespace) -> None:
    below = sight({"u-triage": (light("Pod", "p"),), "u-foreign": (light("Pod", "foreign"),)})
    record = make.well()

    found = tree.find(record, ObjectKey("", "Pod", "agents", "p"), below)

    assert found is not None
    assert tree.find(record, ObjectKey("", "Pod", "agents", "foreign"), below) is None
    assert tree.find(record, ObjectKey("", "Secret", "agents", "of-nobody"), below) is None

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.local.workloads import statefulsets

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _set(replicas: int, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s", "generation": 1}, "spec": {"replicas": replicas, **spec}}


def _pod(
    ordinal: int, *, is_ready: bool = True, revision: str = "new", is_ending: bool = False
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": f"s-{ordinal}",
        "labels": {"controller-revision-hash": revision},
    }
    if is_ending:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = {
        "type": "Ready",
        "status": "True" if is_ready else "False",
        "lastTransitionTime": "2025-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "status": {"phase": "Running", "conditions": [ready]}}


PARALLEL = {"podManagementPolicy": "Parallel"}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
PARTITION = {"updateStrategy": {"rollingUpdate": {"partition": 1}}}


@pytest.mark.parametrize(
    ("found", "pods", "create", "delete"),
    [
        (_set(3), [], [0], []),
        (_set(3), [_pod(0)], [1], []),
        (_set(3), [_pod(0, is_ready=False)], [], []),
        (_set(3, **PARALLEL), [], [0, 1, 2], []),
        (_set(1), [_pod(0), _pod(1), _pod(2)], [], ["s-2"]),
        (_set(1), [_pod(0), _pod(1), _pod(2, is_ending=True)], [], []),
        (_set(1, **PARALLEL), [_pod(0), _pod(1), _pod(2)], [], ["s-1", "s-2"]),
        (_set(2), [_pod(0, revision="old"), _pod(1, revision="old")], [], ["s-1"]),
        (_set(2), [_pod(0, revision="old"), _pod(1)], [], ["s-0"]),
        (_set(2, **PARTITION), [_pod(0, revision="old"), _pod(1)], [], []),
        (_set(2, **ON_DELETE), [_pod(0, revision="old"), _pod(1)], [], []),
        (_set(2, ordinals={"start": 5}), [_pod(5)], [6], []),
    ],
    ids=[
        "first",
        "next",
        "waits-for-readiness",
        "parallel",
        "shrinks-from-the-end",
        "shrinks-one-by-one",
        "shrinks-in-parallel",
        "updates-from-the-end",
        "updates-on",
        "keeps-below-the-partition",
        "keeps-on-delete",
        "starts-elsewhere",
    ],
)
def test_next_step(found: Any, pods: Any, create: list[int], delete: list[str]) -> None:
    step = statefulsets.next_step(found, pods, "new", NOW)

    assert list(step.create) == create
    assert [pod["metadata"]["name"] for pod in step.delete] == delete


def _stateful(**spec: Any) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "python:3.12",
        "command": ["sh", "-c", "date +%N >> /data/log; cat /data/log; exec sleep 1000"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    return {
        "metadata": {"name": "s"},
        "spec": {
            "replicas": 2,
            "serviceName": "s",
            "selector": {"matchLabels": {"app": "s"}},
            "volumeClaimTemplates": [claim],
            "template": {
                "metadata": {"labels": {"app": "s"}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
            **spec,
        },
    }


def test_update_replaces_pods_in_order_and_keeps_their_data(play: Any) -> None:
    async def story(cluster: Any) -> None:
        async def is_at(updated: int) -> bool:
            found = await cluster.store.get("statefulsets.apps", "default", "s")
            status = found["status"]
            is_seen = status.get("observedGeneration") == found["metadata"]["generation"]
            counts = (status.get("updatedReplicas"), status.get("readyReplicas"))
            return is_seen and counts == (updated, updated)

        def change(found: Any) -> None:
            found["spec"]["template"]["metadata"]["annotations"] = {"a": "b"}

        await cluster.create("statefulsets.apps", _stateful())
        await cluster.until(lambda: is_at(2))
        await cluster.edit("statefulsets.apps", "s", change)
        await cluster.until(lambda: is_at(2))

        async def has_both_lines() -> bool:
            return len((await cluster.log("s-0")).split()) == 2

        await cluster.until(has_both_lines)
        found = await cluster.store.get("statefulsets.apps", "default", "s")
        assert found["status"]["currentRevision"] == found["status"]["updateRevision"]
        revisions = await cluster.store.list("controllerrevisions.apps", "default")
        assert sorted(each["revision"] for each in revisions) == [1, 2]

    play(story)

from typing import Any

import pytest

from controller.local.workloads.deployments import rollout


def _deployment(replicas: int, surge: Any = "25%", unavailable: Any = "25%") -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {
        "metadata": {"name": "d", "generation": 1},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"v": "new"}},
        },
    }


def _set(name: str, replicas: int, available: int = 0, **annotations: str) -> dict[str, Any]:
    prefix = "deployment.kubernetes.io/"
    shown = {prefix + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {
            "name": name,
            "generation": 1,
            "creationTimestamp": f"2026-01-0{len(name)}T00:00:00Z",
            "annotations": shown,
        },
        "spec": {"replicas": replicas, "template": {"metadata": {}, "spec": {"v": name}}},
        "status": {
            "availableReplicas": available,
            "replicas": replicas,
            "observedGeneration": 1,
        },
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (4, "25%", "25%", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (10, "25%", "25%", (3, 2)),
        (3, 0, 0, (0, 1)),
        (2, 5, 7, (5, 2)),
        (0, 0, 0, (0, 0)),
    ],
)
def test_bounds(replicas: int, surge: Any, unavailable: Any, expected: tuple[int, int]) -> None:
    assert rollout.bounds(_deployment(replicas, surge, unavailable)) == expected


@pytest.mark.parametrize(
    ("deployment", "old", "now", "expected"),
    [
        (_deployment(4), 4, 0, 1),
        (_deployment(4), 0, 0, 4),
        (_deployment(4), 4, 1, 1),
        (_deployment(4), 2, 1, 3),
        (_deployment(2), 0, 5, 2),
        (_deployment(10, "50%"), 10, 0, 5),
    ],
    ids=["surge", "first", "full", "room", "shrinks", "half"],
)
def test_new_size(deployment: Any, old: int, now: int, expected: int) -> None:
    new = _set("new", now)

    assert rollout.new_size(deployment, [_set("o", old), new], new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([_set("o", 4, 4)], _set("new", 1, 0), {"o": 3}),
        ([_set("o", 4, 4)], _set("new", 1, 1), {"o": 2}),
        ([_set("o", 4, 1)], _set("new", 1, 0), {"o": 3}),
        ([_set("o", 2, 2), _set("oo", 2, 0)], _set("new", 1, 1), {"oo": 0}),
        ([], _set("new", 4, 4), {}),
    ],
    ids=["unavailable", "surged", "unhealthy", "unhealthy-first", "nothing-old"],
)
def test_old_sizes_never_go_below_what_must_be_available(
    old: Any, new: Any, expected: dict[str, int]
) -> None:
    sizes = rollout.old_sizes(_deployment(4), old, new)

    assert dict(sizes) == expected


def test_scaling_in_the_middle_of_a_rollout_is_proportional() -> None:
    """The example of the Kubernetes documentation: 10 replicas, surge 3, scaled to 15."""
    old = _set("o", 8, 8, desired_replicas="10", max_replicas="13")
    new = _set("new", 5, 0, desired_replicas="10", max_replicas="13")
    deployment = _deployment(15, 3, 2)

    assert rollout.is_scaling(deployment, [old, new])
    assert rollout.scaled_sizes(deployment, [old, new]) == {"o": 11, "new": 7}


def test_newest_is_found_by_template_without_the_hash() -> None:
    same = _set("s", 1)
    labels = {"a": "b", "pod-template-hash": "x"}
    same["spec"]["template"] = {"metadata": {"labels": labels}, "spec": {"v": "new"}}

    assert rollout.newest(_deployment(1), [_set("o", 1), same]) is same


def test_retired_are_the_oldest_empty_ones_beyond_the_limit() -> None:
    deployment = _deployment(1)
    deployment["spec"]["revisionHistoryLimit"] = 1
    old = [_set("o", 0, revision="1"), _set("oo", 1, revision="2"), _set("ooo", 0, revision="3")]

    assert [e["metadata"]["name"] for e in rollout.retired(deployment, old)] == ["o"]

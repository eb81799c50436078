from datetime import UTC, datetime
from typing import Any

import pytest

from controller.local.workloads import disruption

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pods(ready: int, other: int = 0) -> list[dict[str, Any]]:
    states = ["True"] * ready + ["False"] * other
    return [
        {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": state}]}}
        for state in states
    ]


@pytest.mark.parametrize(
    ("spec", "ready", "scale", "desired", "allowed"),
    [
        ({"maxUnavailable": 1}, 3, 3, 2, 1),
        ({"maxUnavailable": 1}, 2, 3, 2, 0),
        ({"maxUnavailable": "50%"}, 3, 3, 1, 2),
        ({"minAvailable": 2}, 3, 3, 2, 1),
        ({"minAvailable": "50%"}, 3, 3, 2, 1),
        ({"maxUnavailable": 1}, 0, 0, 0, 0),
    ],
)
def test_a_budget_counts_what_may_go(
    spec: Any, ready: int, scale: int, desired: int, allowed: int
) -> None:
    budget = {"metadata": {"generation": 1}, "spec": spec}

    status = disruption.status_of(budget, pods(ready), scale, NOW)

    assert (status["desiredHealthy"], status["disruptionsAllowed"]) == (desired, allowed)
    assert status["conditions"][0]["status"] == ("True" if allowed else "False")


def test_the_budget_of_a_deployment_follows_its_pods(play: Any, make_deployment: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("deployments.apps", make_deployment("web", replicas=2))
        selector = {"matchLabels": {"app": "web"}}
        budget = {"metadata": {"name": "b"}, "spec": {"maxUnavailable": 1, "selector": selector}}
        await cluster.create(disruption.RESOURCE, budget)

        async def found() -> Any:
            each = await cluster.store.get(disruption.RESOURCE, "default", "b")
            return each if each["status"].get("currentHealthy") == 2 else None

        status = (await cluster.until(found))["status"]
        assert (status["expectedPods"], status["disruptionsAllowed"]) == (2, 1)

    play(story)

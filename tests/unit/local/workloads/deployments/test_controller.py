"""Rollouts on a running cluster."""

from collections.abc import Callable
from typing import Any

BROKEN = "raise SystemExit(3)"


def _condition(deployment: Any, kind: str) -> Any:
    conditions = deployment["status"].get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), None)


async def _settled(cluster: Any, name: str, is_so: Callable[[Any], object]) -> Any:
    async def found() -> Any:
        deployment = await cluster.store.get("deployments.apps", "default", name)
        is_seen = (
            deployment["status"].get("observedGeneration") == deployment["metadata"]["generation"]
        )
        return deployment if is_seen and is_so(deployment) else None

    return await cluster.until(found)


def _is_rolled_out(deployment: Any) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(f, 0) for f in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3


async def _sizes(cluster: Any) -> dict[str, int]:
    found = await cluster.store.list("replicasets.apps", "default")
    revisions = "deployment.kubernetes.io/revision"
    return {e["metadata"]["annotations"][revisions]: e["spec"]["replicas"] for e in found}


def test_deployment_becomes_available(play: Any, make_deployment: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("deployments.apps", make_deployment("d", replicas=2))
        deployment = await _settled(cluster, "d", _is_rolled_out)

        available = _condition(deployment, "Available")
        progressing = _condition(deployment, "Progressing")
        assert (available["status"], available["reason"]) == ("True", "MinimumReplicasAvailable")
        assert (progressing["status"], progressing["reason"]) == ("True", "NewReplicaSetAvailable")
        assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
        pods = await cluster.store.list("pods", "default")
        assert len({pod["status"]["podIP"] for pod in pods}) == 2
        assert all("pod-template-hash" in pod["metadata"]["labels"] for pod in pods)

    play(story)


def test_new_template_replaces_pods_and_keeps_history(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        def restart(deployment: Any) -> None:
            template = deployment["spec"]["template"]["metadata"]
            count = len(template.get("annotations", {}).get("at", ""))
            template["annotations"] = {"at": "x" * (count + 1)}

        await cluster.create("deployments.apps", make_deployment("d", revisionHistoryLimit=1))
        await _settled(cluster, "d", _is_rolled_out)
        for _ in range(2):
            await cluster.edit("deployments.apps", "d", restart)
            await _settled(cluster, "d", _is_rolled_out)

        async def is_trimmed() -> bool:
            return await _sizes(cluster) == {"2": 0, "3": 1}

        await cluster.until(is_trimmed)

    play(story)


def test_broken_template_keeps_the_old_pods_serving(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        def break_it(deployment: Any) -> None:
            deployment["spec"]["template"]["spec"]["containers"][0]["args"] = ["-c", BROKEN]

        deployment = make_deployment("d", replicas=2, progressDeadlineSeconds=1)
        await cluster.create("deployments.apps", deployment)
        await _settled(cluster, "d", _is_rolled_out)
        await cluster.edit("deployments.apps", "d", break_it)
        stuck = await _settled(
            cluster, "d", lambda d: _condition(d, "Progressing")["status"] == "False"
        )

        assert _condition(stuck, "Progressing")["reason"] == "ProgressDeadlineExceeded"
        assert _condition(stuck, "Available")["status"] == "True"
        assert await _sizes(cluster) == {"1": 2, "2": 1}

    play(story)


def test_scaling_and_deleting_follow(play: Any, make_deployment: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        async def count() -> int:
            return len(await cluster.store.list("pods", "default"))

        await cluster.create("deployments.apps", make_deployment("d"))
        await _settled(cluster, "d", _is_rolled_out)
        await cluster.edit("deployments.apps", "d", lambda d: d["spec"].update(replicas=3))
        await _settled(cluster, "d", _is_rolled_out)
        await cluster.edit("deployments.apps", "d", lambda d: d["spec"].update(replicas=1))
        await _settled(cluster, "d", _is_rolled_out)

        async def is_one() -> bool:
            return await count() == 1

        await cluster.until(is_one)
        await cluster.delete("deployments.apps", "d", propagation="Foreground")
        await cluster.gone("deployments.apps", "d")
        assert await count() == 0

    play(story)


def test_recreate_ends_the_old_pod_before_the_new_one(
    play: Any, make_deployment: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        most = 0

        def note(_before: Any, _now: Any) -> None:
            nonlocal most
            pods = cluster.workloads._cluster["pods"].objects("default")
            most = max(most, len(pods))

        def change(deployment: Any) -> None:
            deployment["spec"]["template"]["metadata"]["annotations"] = {"a": "b"}

        await cluster.create(
            "deployments.apps", make_deployment("d", strategy={"type": "Recreate"})
        )
        await _settled(cluster, "d", _is_rolled_out)
        cluster.workloads._cluster["pods"].subscribe(note)
        await cluster.edit("deployments.apps", "d", change)
        await _settled(cluster, "d", _is_rolled_out)

        assert most == 1

    play(story)


def test_paused_deployment_waits(play: Any, make_deployment: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("deployments.apps", make_deployment("d", paused=True))
        paused = await _settled(cluster, "d", lambda d: _condition(d, "Progressing"))
        assert _condition(paused, "Progressing")["reason"] == "DeploymentPaused"
        assert await cluster.store.list("replicasets.apps", "default") == []

        await cluster.edit("deployments.apps", "d", lambda d: d["spec"].update(paused=False))
        await _settled(cluster, "d", _is_rolled_out)

    play(story)

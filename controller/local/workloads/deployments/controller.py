"""Deployments: makes, scales and retires ReplicaSets until the status says that all is available.

One visit carries out one step of a rollout from what is there now; the ReplicaSets' answers cause
the next visit. The order of steps is that of `deployment_controller.go` (`syncDeployment`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.local.apiserver.errors import ApiError
from controller.local.workloads import templates, times
from controller.local.workloads.cluster import Cluster, claim, owner_reference
from controller.local.workloads.deployments import conditions, rollout
from controller.local.workloads.informers import Key, controller_of
from controller.objects import Manifest

_COMPONENT = "deployment-controller"
_DEPLOYMENTS = "deployments.apps"
_REPLICA_SETS = "replicasets.apps"
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    rollout.REVISION,
    "deployment.kubernetes.io/revision-history",
    rollout.DESIRED_REPLICAS,
    rollout.MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
}


class Deployments:
    """The controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def visit(self, key: Key) -> float | None:
        """Bring one Deployment a step further."""
        deployment = self._cluster[_DEPLOYMENTS].get(key)
        if deployment is None:
            return None
        owned = await self._replica_sets_of(deployment)
        if deployment["metadata"].get("deletionTimestamp"):
            return await self._write(deployment, owned, rollout.newest(deployment, owned))
        deployment = await self._note_pause(deployment)
        if deployment["spec"].get("paused") or rollout.is_scaling(deployment, owned):
            return await self._only_scale(deployment, owned)
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            return await self._recreate(deployment, owned)
        return await self._roll(deployment, owned)

    async def _replica_sets_of(self, deployment: Manifest) -> list[Manifest]:
        informer = self._cluster[_REPLICA_SETS]
        orphans = [
            each
            for each in informer.objects(deployment["metadata"]["namespace"])
            if controller_of(each) is None
        ]
        owned = informer.owned_by(deployment["metadata"]["uid"])
        return await claim(self._cluster, _REPLICA_SETS, deployment, [*owned, *orphans])

    async def _roll(self, deployment: Manifest, owned: Sequence[Manifest]) -> float | None:
        deployment, new, owned = await self._ensure_new(deployment, owned)
        old = [each for each in owned if each is not new]
        sizes: rollout.Sizes = {new["metadata"]["name"]: rollout.new_size(deployment, owned, new)}
        owned, has_grown = await self._resize(deployment, owned, sizes)
        if not has_grown:
            owned, _ = await self._resize(
                deployment, owned, rollout.old_sizes(deployment, old, new)
            )
        return await self._finish(deployment, owned)

    async def _recreate(self, deployment: Manifest, owned: Sequence[Manifest]) -> float | None:
        new = rollout.newest(deployment, owned)
        sizes = {each["metadata"]["name"]: 0 for each in owned if each is not new}
        owned, has_shrunk = await self._resize(deployment, owned, sizes)
        if has_shrunk or self._has_pods(
            [each for each in owned if each["metadata"]["name"] in sizes]
        ):
            return await self._finish(deployment, owned)
        deployment, new, owned = await self._ensure_new(deployment, owned)
        wanted = {new["metadata"]["name"]: rollout.replicas(deployment)}
        owned, _ = await self._resize(deployment, owned, wanted)
        return await self._finish(deployment, owned)

    async def _only_scale(self, deployment: Manifest, owned: Sequence[Manifest]) -> float | None:
        """Paused, or `replicas` changed: sizes follow, and nothing new is rolled out."""
        new = rollout.newest(deployment, owned)
        active = [each for each in owned if rollout.replicas(each) > 0]
        only = active[0] if len(active) == 1 else new if not active else None
        if only is not None:
            sizes: rollout.Sizes = {only["metadata"]["name"]: rollout.replicas(deployment)}
        elif new is not None and _is_saturated(deployment, new):
            sizes = {each["metadata"]["name"]: 0 for each in active if each is not new}
        else:
            sizes = rollout.scaled_sizes(deployment, owned)
        owned, _ = await self._resize(deployment, owned, sizes)
        new = rollout.newest(deployment, owned)
        now = times.now()
        status = conditions.counted(deployment, owned, new, now)
        await self._write_status(deployment, status)
        return None

    async def _ensure_new(
        self, deployment: Manifest, owned: Sequence[Manifest]
    ) -> tuple[Manifest, Manifest, list[Manifest]]:
        """Give the Deployment, its new ReplicaSet and all of them, after making what is missing."""
        new = rollout.newest(deployment, owned)
        old = [each for each in owned if each is not new]
        latest = max((rollout.revision(each) for each in old), default=0)
        if new is None:
            new, deployment = await self._create_new(deployment, owned, latest + 1)
            told = ("NewReplicaSetCreated", f'Created new replica set "{_name(new)}"')
        else:
            revision = max(latest + 1, rollout.revision(new))
            new = await self._annotate(deployment, new, revision)
            told = ("FoundNewReplicaSet", f'Found new replica set "{_name(new)}"')
        deployment = await self._note_revision(deployment, new, *told)
        return deployment, new, [*old, new]

    async def _create_new(
        self, deployment: Manifest, owned: Sequence[Manifest], revision: int
    ) -> tuple[Manifest, Manifest]:
        collisions = (deployment.get("status") or {}).get("collisionCount", 0)
        fresh = _replica_set(deployment, revision, collisions)
        size = rollout.new_size(deployment, [*owned, fresh], fresh)
        fresh["spec"]["replicas"] = size
        try:
            made = await self._cluster.create(_REPLICA_SETS, fresh)
        except ApiError as error:
            await self._note_failure(deployment, fresh, error)
            raise
        if size:
            self._tell(deployment, f"Scaled up replica set {_name(made)} from 0 to {size}")
        return made, deployment

    async def _note_failure(self, deployment: Manifest, fresh: Manifest, error: ApiError) -> None:
        """A name that is taken by another template counts as a collision and changes the hash."""
        status = dict(deployment.get("status") or {})
        if error.reason == "AlreadyExists":
            status["collisionCount"] = status.get("collisionCount", 0) + 1
        else:
            message = f'Failed to create new replica set "{_name(fresh)}": {error}'
            status["conditions"] = conditions.with_condition(
                status.get("conditions") or (),
                "Progressing",
                "False",
                "ReplicaSetCreateError",
                message,
                times.now(),
            )
        await self._write_status(deployment, status)

    async def _annotate(self, deployment: Manifest, new: Manifest, revision: int) -> Manifest:
        wanted = {
            **(new["metadata"].get("annotations") or {}),
            **_copied(deployment),
            **_sizing(deployment),
            rollout.REVISION: str(revision),
        }
        min_ready_s = deployment["spec"].get("minReadySeconds", 0)
        is_same = wanted == new["metadata"].get("annotations")
        if is_same and min_ready_s == new["spec"].get("minReadySeconds", 0):
            return new
        return await self._cluster.update(
            _REPLICA_SETS,
            {
                **new,
                "metadata": {**new["metadata"], "annotations": wanted},
                "spec": {**new["spec"], "minReadySeconds": min_ready_s},
            },
        )

    async def _note_revision(
        self, deployment: Manifest, new: Manifest, reason: str, message: str
    ) -> Manifest:
        status = dict(deployment.get("status") or {})
        known = conditions.condition(status, "Progressing")
        is_new = reason == "NewReplicaSetCreated"
        if conditions.deadline_s(deployment) is not None and (is_new or known is None):
            status["conditions"] = conditions.with_condition(
                status.get("conditions") or (), "Progressing", "True", reason, message, times.now()
            )
        annotations = {
            **(deployment["metadata"].get("annotations") or {}),
            rollout.REVISION: str(rollout.revision(new)),
        }
        metadata = {**deployment["metadata"], "annotations": annotations}
        return await self._write_status({**deployment, "metadata": metadata}, status, deployment)

    async def _note_pause(self, deployment: Manifest) -> Manifest:
        """A pause stops the progress deadline; the condition says so."""
        if conditions.deadline_s(deployment) is None:
            return deployment
        status = dict(deployment.get("status") or {})
        known = conditions.condition(status, "Progressing")
        reason = known["reason"] if known else ""
        is_paused = bool(deployment["spec"].get("paused"))
        if reason == "ProgressDeadlineExceeded" or is_paused == (reason == "DeploymentPaused"):
            return deployment
        told = ("DeploymentPaused", "Deployment is paused")
        if not is_paused:
            told = ("DeploymentResumed", "Deployment is resumed")
        status["conditions"] = conditions.with_condition(
            status.get("conditions") or (), "Progressing", "Unknown", *told, times.now()
        )
        return await self._write_status(deployment, status)

    async def _resize(
        self, deployment: Manifest, owned: Sequence[Manifest], sizes: rollout.Sizes
    ) -> tuple[list[Manifest], bool]:
        """Give the ReplicaSets with these sizes, and whether any size was another before."""
        resized, has_changed = [], False
        for each in owned:
            size = sizes.get(_name(each))
            if size is None or _fits(deployment, each, size):
                resized.append(each)
                continue
            before = rollout.replicas(each)
            resized.append(await self._write_size(deployment, each, size))
            if before != size:
                has_changed = True
                way = "up" if size > before else "down"
                message = f"Scaled {way} replica set {_name(each)} from {before} to {size}"
                self._tell(deployment, message)
        return resized, has_changed

    async def _write_size(self, deployment: Manifest, each: Manifest, size: int) -> Manifest:
        annotations = {**(each["metadata"].get("annotations") or {}), **_sizing(deployment)}
        return await self._cluster.update(
            _REPLICA_SETS,
            {
                **each,
                "metadata": {**each["metadata"], "annotations": annotations},
                "spec": {**each["spec"], "replicas": size},
            },
        )

    async def _finish(self, deployment: Manifest, owned: Sequence[Manifest]) -> float | None:
        new = rollout.newest(deployment, owned)
        if rollout.is_complete(deployment, deployment.get("status") or {}):
            for each in rollout.retired(deployment, [e for e in owned if e is not new]):
                await self._cluster.delete(_REPLICA_SETS, each)
        return await self._write(deployment, owned, new)

    async def _write(
        self, deployment: Manifest, owned: Sequence[Manifest], new: Manifest | None
    ) -> float | None:
        # The sizes just written have no answer yet; what the ReplicaSets report is what counts.
        now = times.now()
        status = conditions.progressed(deployment, owned, new, now)
        await self._write_status(deployment, status)
        return conditions.expires_in_s(deployment, status, now)

    async def _write_status(
        self, deployment: Manifest, status: Mapping[str, Any], before: Manifest | None = None
    ) -> Manifest:
        known = before or deployment
        is_same = deployment["metadata"] == known["metadata"]
        if is_same and status == (known.get("status") or {}):
            return deployment
        return await self._cluster.update_status(_DEPLOYMENTS, {**deployment, "status": status})

    def _has_pods(self, replica_sets: Sequence[Manifest]) -> bool:
        pods = self._cluster["pods"]
        return any(pods.owned_by(each["metadata"]["uid"]) for each in replica_sets)

    def _tell(self, deployment: Manifest, message: str) -> None:
        self._cluster.recorder.record(
            deployment, "ScalingReplicaSet", message, component=_COMPONENT
        )


def _replica_set(deployment: Manifest, revision: int, collisions: int) -> dict[str, Any]:
    spec = deployment["spec"]
    template = spec["template"]
    given = template.get("metadata") or {}
    name_hash = templates.template_hash(templates.without_hash(template), collisions)
    labels = {**(given.get("labels") or {}), templates.HASH_LABEL: name_hash}
    selector = spec.get("selector") or {}
    wanted = {**(selector.get("matchLabels") or {}), templates.HASH_LABEL: name_hash}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{_name(deployment)}-{name_hash}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "annotations": {
                **_copied(deployment),
                **_sizing(deployment),
                rollout.REVISION: str(revision),
            },
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            **({"minReadySeconds": spec["minReadySeconds"]} if "minReadySeconds" in spec else {}),
            "selector": {**selector, "matchLabels": wanted},
            "template": {**template, "metadata": {**given, "labels": labels}},
        },
    }


def _copied(deployment: Manifest) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}


def _sizing(deployment: Manifest) -> dict[str, str]:
    wanted = rollout.replicas(deployment)
    return {
        rollout.DESIRED_REPLICAS: str(wanted),
        rollout.MAX_REPLICAS: str(wanted + rollout.bounds(deployment)[0]),
    }


def _fits(deployment: Manifest, replica_set: Manifest, size: int) -> bool:
    annotations = replica_set["metadata"].get("annotations") or {}
    is_noted = all(annotations.get(key) == text for key, text in _sizing(deployment).items())
    return rollout.replicas(replica_set) == size and is_noted


def _is_saturated(deployment: Manifest, new: Manifest) -> bool:
    wanted = rollout.replicas(deployment)
    return rollout.replicas(new) == wanted == rollout.reported(new, "availableReplicas")


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])

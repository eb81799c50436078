"""How many pods each ReplicaSet of a Deployment should have next: arithmetic only.

Restates `pkg/controller/deployment/util/deployment_util.go`, `rolling.go` and `sync.go` of
Kubernetes. Every function takes manifests and gives sizes by ReplicaSet name.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.local.workloads.templates import without_hash
from controller.objects import Manifest

REVISION = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

Sizes = Mapping[str, int]


def replicas(workload: Manifest) -> int:
    """Give the number of pods that an object asks for."""
    return int(workload["spec"].get("replicas", 1))


def reported(replica_set: Manifest, field: str) -> int:
    """Give a count from an object's status."""
    return int((replica_set.get("status") or {}).get(field) or 0)


def total(replica_sets: Iterable[Manifest]) -> int:
    """Give the number of pods that the ReplicaSets ask for together."""
    return sum(replicas(each) for each in replica_sets)


def bounds(deployment: Manifest) -> tuple[int, int]:
    """Give max surge and max unavailable in pods; never both zero, else nothing could ever move."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    wanted = replicas(deployment)
    surge = _share(rolling.get("maxSurge", "25%"), wanted, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, wanted)


def newest(deployment: Manifest, replica_sets: Sequence[Manifest]) -> Manifest | None:
    """Give the ReplicaSet with the Deployment's current template; the oldest of several."""
    wanted = without_hash(deployment["spec"]["template"])
    fitting = (each for each in replica_sets if without_hash(each["spec"]["template"]) == wanted)
    return min(fitting, key=_age, default=None)


def revision(workload: Manifest) -> int:
    """Give an object's revision, 0 where it has none."""
    text = (workload["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def new_size(deployment: Manifest, replica_sets: Sequence[Manifest], new: Manifest) -> int:
    """Give the size of the new ReplicaSet: as many as surge leaves room for."""
    wanted = replicas(deployment)
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return wanted
    now = replicas(new)
    if now > wanted:
        return wanted
    room = wanted + bounds(deployment)[0] - total(replica_sets)
    return now + max(0, min(room, wanted - now))


def old_sizes(deployment: Manifest, old: Sequence[Manifest], new: Manifest) -> Sizes:
    """Give the sizes of old ReplicaSets that shrink: first what is unhealthy, then the rest.

    Availability stays at or above replicas minus max unavailable throughout.
    """
    least = replicas(deployment) - bounds(deployment)[1]
    unavailable = replicas(new) - reported(new, "availableReplicas")
    removable = total([*old, new]) - least - unavailable
    if removable <= 0:
        return {}
    sizes = _without_unhealthy(old, removable)
    available = sum(reported(each, "availableReplicas") for each in [*old, new])
    return {**sizes, **_scaled_down(old, sizes, available - least)}


def scaled_sizes(deployment: Manifest, replica_sets: Sequence[Manifest]) -> Sizes:
    """Give the sizes after a change of `replicas` in the middle of a rollout: in proportion."""
    active = [each for each in replica_sets if replicas(each) > 0]
    wanted = replicas(deployment)
    allowed = wanted + bounds(deployment)[0] if wanted > 0 else 0
    to_add = allowed - total(active)
    order = sorted(active, key=_age, reverse=to_add > 0)
    order.sort(key=replicas, reverse=True)
    sizes, added = {}, 0
    for each in order:
        part = _proportion(each, deployment, to_add, added) if to_add else 0
        sizes[each["metadata"]["name"]] = replicas(each) + part
        added += part
    if order:
        first = order[0]["metadata"]["name"]
        sizes[first] = max(0, sizes[first] + to_add - added)
    return sizes


def is_scaling(deployment: Manifest, replica_sets: Sequence[Manifest]) -> bool:
    """Whether `replicas` changed since the active ReplicaSets were sized."""
    noted = (
        (each["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS)
        for each in replica_sets
        if replicas(each) > 0
    )
    return any(text is not None and text != str(replicas(deployment)) for text in noted)


def is_complete(deployment: Manifest, status: Mapping[str, Any]) -> bool:
    """Whether every pod is of the current template and available, and no other is left."""
    wanted = replicas(deployment)
    counts = (status.get(f) or 0 for f in ("updatedReplicas", "replicas", "availableReplicas"))
    seen = int(status.get("observedGeneration") or 0)
    return all(count == wanted for count in counts) and seen >= deployment["metadata"]["generation"]


def retired(deployment: Manifest, old: Sequence[Manifest]) -> list[Manifest]:
    """Give the empty old ReplicaSets beyond `revisionHistoryLimit`, oldest revision first."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    alive = [each for each in old if not each["metadata"].get("deletionTimestamp")]
    surplus = max(0, len(alive) - limit)
    oldest = sorted(alive, key=lambda each: (revision(each), _age(each)))[:surplus]
    return [each for each in oldest if _is_settled_at_zero(each)]


def _is_settled_at_zero(replica_set: Manifest) -> bool:
    observed = reported(replica_set, "observedGeneration")
    return (
        replicas(replica_set) == 0
        and reported(replica_set, "replicas") == 0
        and observed >= replica_set["metadata"]["generation"]
    )


def _without_unhealthy(old: Sequence[Manifest], removable: int) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for each in sorted(old, key=_age):
        unhealthy = max(0, replicas(each) - reported(each, "availableReplicas"))
        removed = min(removable - sum(_lost(old, sizes)), unhealthy)
        if removed > 0:
            sizes[each["metadata"]["name"]] = replicas(each) - removed
    return sizes


def _scaled_down(old: Sequence[Manifest], sizes: Sizes, surplus: int) -> dict[str, int]:
    result: dict[str, int] = {}
    for each in sorted(old, key=_age):
        size = sizes.get(each["metadata"]["name"], replicas(each))
        removed = min(size, surplus)
        if removed > 0:
            result[each["metadata"]["name"]] = size - removed
            surplus -= removed
    return result


def _lost(old: Sequence[Manifest], sizes: Sizes) -> list[int]:
    before = {each["metadata"]["name"]: replicas(each) for each in old}
    return [before[name] - size for name, size in sizes.items()]


def _proportion(replica_set: Manifest, deployment: Manifest, to_add: int, added: int) -> int:
    fraction = _fraction(replica_set, deployment)
    left = to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _fraction(replica_set: Manifest, deployment: Manifest) -> int:
    """How much this ReplicaSet grows when the whole grows from what it was sized for."""
    if replicas(deployment) == 0:
        return -replicas(replica_set)
    noted = (replica_set["metadata"].get("annotations") or {}).get(MAX_REPLICAS, "")
    before = int(noted) if noted.isdigit() else reported(deployment, "replicas")
    if not before:
        return 0
    most = replicas(deployment) + bounds(deployment)[0]
    return round(replicas(replica_set) * most / before) - replicas(replica_set)


def _share(value: str | int, whole: int, rounded: Any) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return int(rounded(int(value[:-1]) * whole / 100))
    return int(value)


def _age(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"].get("creationTimestamp") or "", manifest["metadata"]["name"]

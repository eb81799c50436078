"""What every controller is given: the store in its own name, what is watched, and the recorder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.store import Store
from controller.local.workloads.events import Recorder
from controller.local.workloads.informers import Informer, controller_of
from controller.objects import Manifest

WATCHED = (
    "pods",
    "services",
    "secrets",
    "configmaps",
    "replicasets.apps",
    "deployments.apps",
    "statefulsets.apps",
    "controllerrevisions.apps",
    "jobs.batch",
    "cronjobs.batch",
    "endpointslices.discovery.k8s.io",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The workloads' view of the API."""

    store: Store
    recorder: Recorder
    informers: Mapping[str, Informer]

    def __getitem__(self, resource: str) -> Informer:
        return self.informers[resource]

    async def create(self, resource: str, body: dict[str, Any]) -> Manifest:
        """Create an object."""
        made = await self.store.create(resource, body["metadata"].get("namespace"), body)
        self.informers[resource].remember(made)
        return made

    async def update(self, resource: str, body: dict[str, Any]) -> Manifest:
        """Write an object's metadata and spec, if it is still the version that was read."""
        made = await self.store.update(resource, body)
        self.informers[resource].remember(made)
        return made

    async def update_status(self, resource: str, body: dict[str, Any]) -> Manifest:
        """Write an object's status and annotations, if it is still the version that was read."""
        made = await self.store.update_status(resource, body)
        self.informers[resource].remember(made)
        return made

    async def delete(self, resource: str, found: Manifest, *, grace_s: int | None = None) -> None:
        """Delete this object and no later one of its name; gone already is as good."""
        metadata = found["metadata"]
        try:
            await self.store.delete(
                resource,
                metadata.get("namespace"),
                metadata["name"],
                uid=metadata["uid"],
                grace_period_s=grace_s,
                propagation="Background",
            )
        except ApiError as error:
            if error.code not in {404, 409}:
                raise


def owner_reference(owner: Manifest) -> dict[str, Any]:
    """Give the reference that makes an object the controller of another."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


async def claim(
    cluster: Cluster, resource: str, owner: Manifest, candidates: Iterable[Manifest]
) -> list[Manifest]:
    """Give what the owner controls, after adopting orphans that its selector matches.

    Orphans come from `kubectl delete --cascade=orphan`.
    """
    claimed = []
    for each in candidates:
        controller = controller_of(each)
        if controller is not None:
            if controller["uid"] == owner["metadata"]["uid"]:
                claimed.append(each)
        elif _may_adopt(owner, each):
            references = each["metadata"].get("ownerReferences") or []
            metadata = {
                **each["metadata"],
                "ownerReferences": [*references, owner_reference(owner)],
            }
            claimed.append(await cluster.update(resource, {**each, "metadata": metadata}))
    return claimed


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy a label selector; an absent selector matches nothing."""
    if not selector:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(each, labels) for each in selector.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _may_adopt(owner: Manifest, orphan: Manifest) -> bool:
    return (
        not owner["metadata"].get("deletionTimestamp")
        and not orphan["metadata"].get("deletionTimestamp")
        and matches(owner["spec"].get("selector"), orphan["metadata"].get("labels") or {})
    )

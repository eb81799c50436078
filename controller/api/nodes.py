"""Objects of the tree as answers: states as masked JSON, owners, images, what is worth knowing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from controller.api import objectshapes as shapes
from controller.api.present import health, reference, safe
from controller.api.tree import Node
from controller.diff import format as diff_format
from controller.diff.difference import Difference
from controller.diff.normalise import normalised
from controller.objects import Manifest
from controller.objects.metadata import annotations
from controller.state.records import ObjectStatus, SyncStatus

_REVISION = "deployment.kubernetes.io/revision"


def node(shown: Node, parent: Node | None) -> shapes.NodeShape:
    """Give an object's place in the tree of owners."""
    metadata = _metadata(shown.manifest)
    item = shown.item
    return shapes.NodeShape(
        **reference(shown.key),
        version=shown.api_version.rpartition("/")[2],
        uid=shown.uid,
        parent_refs=list(_parents(metadata, parent)),
        info=[shapes.InfoShape(name=name, value=value) for name, value in info(shown)],
        images=list(images(shown.manifest)),
        resource_version=str(metadata.get("resourceVersion", "")),
        health=health(shown.health.status, shown.health.message),
        created_at=metadata.get("creationTimestamp"),
        status=item.sync if item else None,
        component=item.component if item else "",
        file=item.file if item else "",
        line=item.line if item else 0,
    )


def branch(root: Node, parent: Node | None = None) -> Iterator[shapes.NodeShape]:
    """Give a node and all below it."""
    yield node(root, parent)
    for child in root.children:
        yield from branch(child, root)


def managed_resource(
    item: ObjectStatus, difference: Difference | None, live: Manifest | None
) -> shapes.ManagedResourceShape:
    """Give an object as git wants it, as it is, and as an apply would make it."""
    desired = difference.desired if difference else None
    return shapes.ManagedResourceShape(
        **reference(item.key),
        target_state=state(desired),
        live_state=state(live),
        normalized_live_state=state(normalised(live) if live else None),
        predicted_live_state=state(difference.predicted if difference else None),
        resource_version=str(_metadata(live).get("resourceVersion", "")),
        modified=item.sync is not SyncStatus.SYNCED,
        hook="argocd.argoproj.io/hook" in annotations(desired or {}),
        file=item.file,
        line=item.line,
    )


def diff(item: ObjectStatus | None, difference: Difference | None) -> str:
    """Give the masked diff of an object that is not Synced; empty where a side is missing."""
    if item is None or item.sync is SyncStatus.SYNCED or difference is None:
        return ""
    return diff_format.unified(difference)


def state(manifest: Manifest | None) -> str:
    """Give an object as JSON, masked; empty where there is none."""
    return orjson.dumps(safe(manifest)).decode() if manifest is not None else ""


def images(manifest: Manifest | None) -> Iterator[str]:
    """Give the images of a workload or pod, each once."""
    spec, status = ((manifest or {}).get(name) or {} for name in ("spec", "status"))
    pod = (spec.get("template") or {}).get("spec") or spec
    containers = [*(pod.get("containers") or ()), *(status.get("containerStatuses") or ())]
    yield from dict.fromkeys(str(each["image"]) for each in containers if each.get("image"))


def info(shown: Node) -> Iterator[tuple[str, str]]:
    """Give what is worth knowing of an object at a glance, under Argo CD's names."""
    match shown.key.kind:
        case "Pod":
            yield from _pod(shown.manifest or {})
        case "ReplicaSet":
            revision = annotations(shown.manifest or {}).get(_REVISION)
            if revision:
                yield "Revision", f"Rev:{revision}"
        case "EndpointSlice":
            ends = (shown.manifest or {}).get("endpoints") or ()
            ready = sum((each.get("conditions") or {}).get("ready") is not False for each in ends)
            yield "Endpoints", f"{ready}/{len(ends)}"


def _pod(manifest: Manifest) -> Iterator[tuple[str, str]]:
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    containers = status.get("containerStatuses") or ()
    yield "Status Reason", _reason(status, containers)
    if spec.get("nodeName"):
        yield "Node", str(spec["nodeName"])
    if containers:
        ready = sum(bool(each.get("ready")) for each in containers)
        yield "Containers", f"{ready}/{len(containers)}"
    restarts = sum(int(each.get("restartCount") or 0) for each in containers)
    if restarts:
        yield "Restart Count", str(restarts)


def _reason(status: Mapping[str, Any], containers: Iterable[Mapping[str, Any]]) -> str:
    for container in containers:
        state = container.get("state") or {}
        for name in ("waiting", "terminated"):
            reason = (state.get(name) or {}).get("reason")
            if reason:
                return str(reason)
    return str(status.get("reason") or status.get("phase") or "Unknown")


def _parents(metadata: Mapping[str, Any], parent: Node | None) -> Iterator[shapes.ParentShape]:
    namespace = str(metadata.get("namespace") or "")
    for owner in metadata.get("ownerReferences") or ():
        yield shapes.ParentShape(
            group=str(owner.get("apiVersion", "")).rpartition("/")[0],
            kind=str(owner.get("kind", "")),
            namespace=namespace,
            name=str(owner.get("name", "")),
            uid=str(owner.get("uid", "")),
        )
    if parent is not None and not metadata.get("ownerReferences"):
        yield shapes.ParentShape(**reference(parent.key), uid=parent.uid)


def _metadata(manifest: Manifest | None) -> Mapping[str, Any]:
    return (manifest or {}).get("metadata") or {}

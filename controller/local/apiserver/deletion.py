"""What becomes of an object that is deleted: what holds it, and how it looks until it is gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.local.apiserver import errors
from controller.local.apiserver.calls import Call, timestamp
from controller.local.apiserver.resources import Resource
from controller.local.apiserver.storage import Object

_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How an object is to be deleted."""

    uid: str = ""
    version: str = ""
    grace_s: int | None = None
    propagation: str = ""
    dry_run: bool = False
    """Said in the body, where kubectl says it; the query's is in the call."""


def check_preconditions(call: Call, live: Object, options: DeleteOptions) -> None:
    """Refuse a deletion that means another object, or another version of it.

    Raises:
        ApiError: a precondition does not hold.
    """
    there = live["metadata"]
    if options.uid and options.uid != there["uid"]:
        raise errors.precondition(
            call.resource,
            call.name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record"
            f" ({there['uid']}). The object might have been deleted and then recreated",
        )
    if options.version and options.version != there["resourceVersion"]:
        raise errors.precondition(
            call.resource,
            call.name,
            f"the ResourceVersion in the precondition ({options.version}) does not match the"
            f" ResourceVersion in record ({there['resourceVersion']}). The object might have"
            " been modified",
        )


def finalizers_for(call: Call, live: Object, options: DeleteOptions) -> list[str]:
    """Give who holds the object from now on."""
    found = list(live["metadata"].get("finalizers", ()))
    if options.propagation:
        found = [name for name in found if name not in {_ORPHAN, _FOREGROUND}]
    if options.propagation == "Orphan":
        found.append(_ORPHAN)
    if options.propagation == "Foreground":
        found.append(_FOREGROUND)
    is_new = "deletionTimestamp" not in live["metadata"]
    if _is_definition(call.resource) and is_new and CLEANUP not in found:
        found.append(CLEANUP)
    return found


def grace_s(call: Call, live: Object, options: DeleteOptions) -> int:
    """Give the seconds that the object has to end by itself."""
    if call.resource.storage_key == "namespaces":
        # A namespace is held by its own finalizer in `spec` until it is empty.
        return 1 if live["spec"].get("finalizers") else 0
    if call.resource.storage_key != "pods" or not live["spec"].get("nodeName"):
        return 0
    if live["status"].get("phase") in {"Succeeded", "Failed"}:
        return 0
    default = live["spec"].get("terminationGracePeriodSeconds", 30)
    grace = default if options.grace_s is None else options.grace_s
    remaining = live["metadata"].get("deletionGracePeriodSeconds")
    return grace if remaining is None else min(grace, remaining)


def marked(call: Call, live: Object, finalizers: list[str], grace: int, now: datetime) -> Object:
    """Give the object as it is while it waits for its end."""
    metadata = {**live["metadata"]}
    if finalizers:
        metadata["finalizers"] = finalizers
    value = {**live, "metadata": metadata}
    is_namespace = call.resource.storage_key == "namespaces"
    plain = is_namespace or _is_definition(call.resource)
    if "deletionTimestamp" not in metadata or (
        not plain and grace < metadata.get("deletionGracePeriodSeconds", 0)
    ):
        until = now + timedelta(seconds=0 if plain else grace)
        metadata["deletionTimestamp"] = timestamp(until)
        if not plain:
            metadata["deletionGracePeriodSeconds"] = grace
            if metadata.get("generation"):
                metadata["generation"] += 1
    if is_namespace:
        value["status"] = {**live["status"], "phase": "Terminating"}
    if _is_definition(call.resource):
        value["status"] = _terminating_definition(live["status"], timestamp(now))
    return value


def _is_definition(resource: Resource) -> bool:
    return resource.storage_key == "customresourcedefinitions.apiextensions.k8s.io"


def _terminating_definition(status: Object, now: str) -> Object:
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "InstanceDeletionPending",
        "message": (
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        ),
    }
    others = [c for c in status.get("conditions") or () if c["type"] != "Terminating"]
    return {**status, "conditions": [*others, condition]}


def success(call: Call, live: Object) -> Object:
    """Give the Status that tells of an object that is gone."""
    details = {"name": call.name, "group": call.resource.group, "kind": call.resource.plural}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {
            **{name: text for name, text in details.items() if text},
            "uid": live["metadata"]["uid"],
        },
    }

"""All checks of an object, by its kind: when it is made, changed or deleted."""

from collections.abc import Callable

from controller.local.apiserver import errors
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.resources import Resource
from controller.local.apiserver.validation import (
    common,
    jobs,
    pods,
    settings,
    updates,
    workloads,
)
from controller.local.apiserver.validation.common import Found, Value


def of_creation(resource: Resource, value: Value) -> list[Cause]:
    """Find all faults of an object that is about to be created."""
    return [*common.check_metadata(resource, value), *_of_kind(resource, value)]


def of_update(resource: Resource, value: Value, live: Value) -> list[Cause]:
    """Find all faults of an object that is about to replace another."""
    found = [*common.check_metadata(resource, value), *_of_kind(resource, value)]
    step = _UPDATES.get(resource.storage_key)
    return [*found, *step(value, live)] if step else found


def of_metadata(resource: Resource, value: Value) -> list[Cause]:
    """Find the faults in an object's metadata."""
    return list(common.check_metadata(resource, value))


def of_deletion(value: Value, live: Value) -> list[Cause]:
    """Find what may not change once an object is being deleted."""
    if "deletionTimestamp" not in live["metadata"]:
        return []
    before = live["metadata"].get("finalizers", ())
    added = [name for name in value["metadata"].get("finalizers", ()) if name not in before]
    if not added:
        return []
    listed = ", ".join(f'"{name}"' for name in added)
    why = (
        "no new finalizers can be added if the object is being deleted, found new finalizers"
        f" []string{{{listed}}}"
    )
    return [errors.forbidden_field("metadata.finalizers", why)]


def _of_kind(resource: Resource, value: Value) -> Found:
    step = _KINDS.get(resource.storage_key)
    if step is not None:
        yield from step(value)


_KINDS: dict[str, Callable[[Value], Found]] = {
    "clusterrolebindings.rbac.authorization.k8s.io": settings.role_binding,
    "clusterroles.rbac.authorization.k8s.io": settings.role,
    "configmaps": settings.config_map,
    "cronjobs.batch": jobs.cron_job,
    "customresourcedefinitions.apiextensions.k8s.io": settings.definition,
    "daemonsets.apps": workloads.daemon_set,
    "deployments.apps": workloads.deployment,
    "horizontalpodautoscalers.autoscaling": settings.autoscaler,
    "jobs.batch": jobs.job,
    "leases.coordination.k8s.io": settings.lease,
    "networkpolicies.networking.k8s.io": settings.network_policy,
    "poddisruptionbudgets.policy": settings.budget,
    "pods": pods.check,
    "replicasets.apps": workloads.replica_set,
    "rolebindings.rbac.authorization.k8s.io": settings.role_binding,
    "roles.rbac.authorization.k8s.io": settings.role,
    "secrets": settings.secret,
    "services": settings.service,
    "statefulsets.apps": workloads.stateful_set,
}
_UPDATES: dict[str, Callable[[Value, Value], Found]] = {
    "clusterrolebindings.rbac.authorization.k8s.io": updates.role_binding,
    "configmaps": updates.config_map,
    "deployments.apps": updates.immutable("spec.selector"),
    "jobs.batch": updates.job,
    "pods": updates.pod,
    "replicasets.apps": updates.immutable("spec.selector"),
    "rolebindings.rbac.authorization.k8s.io": updates.role_binding,
    "secrets": updates.secret,
    "services": updates.service,
    "statefulsets.apps": updates.stateful_set,
}

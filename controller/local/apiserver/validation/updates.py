"""What may not change any more once an object exists."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.local.apiserver import errors
from controller.local.apiserver.validation.common import Found, Value

_IMMUTABLE = "field is immutable"


def immutable(place: str) -> Callable[[Value, Value], Found]:
    """Give the check that a field stays what it is."""

    def check(value: Value, live: Value) -> Found:
        new, old = _at(value, place), _at(live, place)
        if new != old:
            yield errors.invalid_value(place, new, _IMMUTABLE)

    return check


def _at(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def config_map(value: Value, live: Value) -> Found:
    """Check a change of a ConfigMap."""
    if live.get("immutable"):
        why = "field is immutable when `immutable` is set"
        for name in ("immutable", "data", "binaryData"):
            if value.get(name) != live.get(name):
                yield errors.forbidden_field(name, why)


def secret(value: Value, live: Value) -> Found:
    """Check a change of a Secret."""
    if value.get("type") != live.get("type"):
        yield errors.invalid_value("type", value.get("type"), _IMMUTABLE)
    if live.get("immutable") and value.get("data") != live.get("data"):
        yield errors.forbidden_field("data", "field is immutable when `immutable` is set")


def service(value: Value, live: Value) -> Found:
    """Check a change of a Service."""
    new, old = value["spec"].get("clusterIP"), live["spec"].get("clusterIP")
    if old and new != old and value["spec"]["type"] != "ExternalName":
        yield errors.invalid_value("spec.clusterIPs[0]", [new], "may not change once set")


_POD_MUTABLE = ("image",)
_POD_SPEC_MUTABLE = (
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
    "nodeName",
)


def pod(value: Value, live: Value) -> Found:
    """Check a change of a Pod."""
    if _frozen_part(value["spec"]) != _frozen_part(live["spec"]):
        yield errors.forbidden_field(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,"
            " `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations`"
            " (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow"
            " it to be set to 1 if it was previously negative)",
        )


def _frozen_part(spec: Value) -> dict[str, Any]:
    frozen = {name: item for name, item in spec.items() if name not in _POD_SPEC_MUTABLE}
    for name in ("containers", "initContainers"):
        frozen[name] = [
            {field: item for field, item in container.items() if field not in _POD_MUTABLE}
            for container in spec.get(name) or ()
        ]
    return frozen


_STATEFUL_MUTABLE = frozenset(
    [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ]
)


def stateful_set(value: Value, live: Value) -> Found:
    """Check a change of a StatefulSet."""

    def fixed(spec: Value) -> dict[str, Any]:
        return {name: item for name, item in spec.items() if name not in _STATEFUL_MUTABLE}

    if fixed(value["spec"]) != fixed(live["spec"]):
        yield errors.forbidden_field(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
            " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and"
            " 'minReadySeconds' are forbidden",
        )


def job(value: Value, live: Value) -> Found:
    """Check a change of a Job."""
    spec, before = value["spec"], live["spec"]
    new, old = spec.get("completions"), before.get("completions")
    if new != old and spec.get("completionMode") != "Indexed":
        yield errors.invalid_value("spec.completions", new, _IMMUTABLE)
    elif new != old and new != spec.get("parallelism"):
        why = "can only be modified in tandem with spec.parallelism"
        yield errors.invalid_value("spec.completions", new, why)
    for name in ("selector", "template", "completionMode", "backoffLimitPerIndex"):
        # A suspended Job that never ran may change its template's place in the cluster; nothing
        # here is placed, so the template stays as it is.
        if spec.get(name) != before.get(name):
            yield errors.invalid_value(f"spec.{name}", spec.get(name), _IMMUTABLE)


def role_binding(value: Value, live: Value) -> Found:
    """Check a change of a RoleBinding or ClusterRoleBinding."""
    if value["roleRef"] != live["roleRef"]:
        yield errors.invalid_value("roleRef", value["roleRef"], "cannot change roleRef")

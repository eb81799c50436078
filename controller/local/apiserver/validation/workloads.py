"""Kinds that make pods."""

from collections.abc import Sequence

from controller.local.apiserver import errors
from controller.local.apiserver.validation import common, pods
from controller.local.apiserver.validation.common import Found, Value


def deployment(value: Value) -> Found:
    """Check a Deployment."""
    spec = value["spec"]
    yield from common.check_not_negative(spec, "spec", "replicas")
    yield from common.check_selector(spec.get("selector"), "spec.selector", "deployment")
    yield from pods.check_template(spec, spec.get("selector"))
    yield from pods.check_always_restarts(spec)
    yield from _strategy(spec["strategy"], "spec.strategy", ("Recreate", "RollingUpdate"))
    names = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    yield from common.check_not_negative(spec, "spec", *names)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        why = "must be greater than minReadySeconds"
        yield errors.invalid_value("spec.progressDeadlineSeconds", deadline, why)


def _strategy(strategy: Value, place: str, kinds: Sequence[str]) -> Found:
    kind = strategy.get("type")
    if kind not in kinds:
        yield errors.not_supported(f"{place}.type", kind, kinds)
    if kind == "Recreate" and "rollingUpdate" in strategy:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield errors.forbidden_field(f"{place}.rollingUpdate", why)
    rolling = strategy.get("rollingUpdate", {})
    if all(rolling.get(name) in {0, "0%"} for name in ("maxUnavailable", "maxSurge")):
        yield errors.invalid_value(
            f"{place}.rollingUpdate.maxUnavailable",
            rolling["maxUnavailable"],
            "may not be 0 when `maxSurge` is 0",
        )


def replica_set(value: Value) -> Found:
    """Check a ReplicaSet."""
    spec = value["spec"]
    yield from common.check_not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from common.check_selector(spec.get("selector"), "spec.selector", "deployment")
    yield from pods.check_template(spec, spec.get("selector"))
    yield from pods.check_always_restarts(spec)


def stateful_set(value: Value) -> Found:
    """Check a StatefulSet."""
    spec = value["spec"]
    if spec.get("podManagementPolicy") not in {"OrderedReady", "Parallel"}:
        why = "must be 'OrderedReady' or 'Parallel'"
        yield errors.invalid_value("spec.podManagementPolicy", spec.get("podManagementPolicy"), why)
    yield from common.check_not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from common.check_selector(spec.get("selector"), "spec.selector", "statefulset")
    # The real server leaves the pod's own spec to the pods: the names of volumes may come from
    # volumeClaimTemplates (ValidatePodTemplateSpecForStatefulSet).
    yield from pods.check_labels_match(spec, spec.get("selector"))
    yield from pods.check_always_restarts(spec)


def daemon_set(value: Value) -> Found:
    """Check a DaemonSet."""
    spec = value["spec"]
    yield from common.check_selector(spec.get("selector"), "spec.selector", "daemonset")
    yield from pods.check_template(spec, spec.get("selector"))
    yield from pods.check_always_restarts(spec)

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
    rolling, inner = strategy.get("rollingUpdate"), f"{place}.rollingUpdate"
    if kind != "RollingUpdate" or rolling is None:
        return
    for name in ("maxUnavailable", "maxSurge"):
        yield from common.check_share(rolling.get(name), f"{inner}.{name}")
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    if not common.share_number(unavailable) and not common.share_number(surge):
        why = "may not be 0 when `maxSurge` is 0"
        yield errors.invalid_value(f"{inner}.maxUnavailable", unavailable, why)
    yield from common.check_not_over_all(unavailable, f"{inner}.maxUnavailable")


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
    strategy = spec["updateStrategy"]
    partition = strategy.get("rollingUpdate") or {}
    place = "spec.updateStrategy"
    if strategy.get("type") not in {"RollingUpdate", "OnDelete"}:
        yield errors.invalid_value(place, strategy, "must be 'RollingUpdate' or 'OnDelete'")
    elif strategy["type"] == "OnDelete" and partition:
        why = "only allowed for updateStrategy 'RollingUpdate'"
        yield errors.invalid_value(f"{place}.rollingUpdate", partition, why)
    yield from common.check_not_negative(partition, f"{place}.rollingUpdate", "partition")


def daemon_set(value: Value) -> Found:
    """Check a DaemonSet."""
    spec = value["spec"]
    yield from common.check_selector(spec.get("selector"), "spec.selector", "daemonset")
    yield from pods.check_template(spec, spec.get("selector"))
    yield from pods.check_always_restarts(spec)

"""Pods, and the templates that workloads make them of."""

from collections.abc import Sequence

from controller.local.apiserver import errors
from controller.local.apiserver.validation import common, containers, volumes
from controller.local.apiserver.validation.common import Found, Value

_CHOICES = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
}
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_LONGEST_DEADLINE_S = 2**31 - 1


def check_template(spec: Value, selector: Value | None) -> Found:
    """Check a workload's template, which its selector must take."""
    yield from check_labels_match(spec, selector)
    yield from check_spec(spec["template"]["spec"], "spec.template.spec")


def check_labels_match(spec: Value, selector: Value | None) -> Found:
    """Check that a workload's selector takes the pods that it makes."""
    labels = spec["template"]["metadata"].get("labels")
    if not common.selects(selector, labels or {}):
        why = "`selector` does not match template `labels`"
        yield errors.invalid_value("spec.template.metadata.labels", labels, why)
    yield from common.check_labels(labels or {}, "spec.template.metadata.labels")


def check_always_restarts(spec: Value) -> Found:
    """Check the restart policy of a workload whose pods never end."""
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy in {"OnFailure", "Never"}:
        yield errors.not_supported("spec.template.spec.restartPolicy", policy, ["Always"])


def check(value: Value) -> Found:
    """Check a pod."""
    yield from check_spec(value["spec"], "spec")
    yield from containers.check_images(value["spec"], "spec")


def check_spec(spec: Value, place: str) -> Found:
    """Check the spec of a pod or template."""
    known, faults = volumes.check(spec.get("volumes") or (), f"{place}.volumes")
    yield from faults
    yield from containers.check(spec, place, known)
    for name, supported in _CHOICES.items():
        if spec.get(name) not in supported:
            yield errors.not_supported(f"{place}.{name}", spec.get(name), supported)
    yield from common.check_labels(spec.get("nodeSelector") or {}, f"{place}.nodeSelector")
    account = spec.get("serviceAccountName")
    if account:
        where = f"{place}.serviceAccountName"
        yield from common.check_text(account, common.SUBDOMAIN, common.SUBDOMAIN_TEXT, where, 253)
    deadline_s = spec.get("activeDeadlineSeconds")
    if deadline_s is not None and not 1 <= deadline_s <= _LONGEST_DEADLINE_S:
        why = f"must be between 1 and {_LONGEST_DEADLINE_S}, inclusive"
        yield errors.invalid_value(f"{place}.activeDeadlineSeconds", deadline_s, why)
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            yield from common.check_name(spec[name], f"{place}.{name}")
    yield from common.check_not_negative(spec, place, "terminationGracePeriodSeconds")
    yield from _tolerations(spec.get("tolerations") or (), f"{place}.tolerations")


def _tolerations(tolerations: Sequence[Value], place: str) -> Found:
    for at, each in enumerate(tolerations):
        inner, operator = f"{place}[{at}]", each.get("operator", "")
        if each.get("key"):
            yield from common.check_qualified(each["key"], f"{inner}.key")
        elif operator != "Exists":
            why = (
                "operator must be Exists when `key` is empty, which means "
                '"match all values and all keys"'
            )
            yield errors.invalid_value(f"{inner}.operator", operator, why)
        effect = each.get("effect", "")
        if "tolerationSeconds" in each and effect != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield errors.invalid_value(f"{inner}.effect", effect, why)
        if operator == "Exists" and each.get("value"):
            why = "value must be empty when `operator` is 'Exists'"
            yield errors.invalid_value(f"{inner}.operator", each["value"], why)
        if operator not in {"", "Equal", "Exists"}:
            yield errors.not_supported(f"{inner}.operator", operator, ["Equal", "Exists"])
        if effect and effect not in _EFFECTS:
            yield errors.not_supported(f"{inner}.effect", effect, _EFFECTS)

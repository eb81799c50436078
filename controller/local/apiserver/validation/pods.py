"""Pods, and the templates that workloads make them of."""

import re
from collections.abc import Sequence

from controller.local.apiserver import errors, quantity
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.validation import common
from controller.local.apiserver.validation.common import Found, Value

_ENVIRONMENT_NAME = "[ -<>-~]+"
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTART_POLICIES = ("Always", "OnFailure", "Never")


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


def check_spec(spec: Value, place: str) -> Found:
    """Check the spec of a pod or template."""
    volumes = [volume.get("name", "") for volume in spec.get("volumes", ())]
    yield from _unique_names(volumes, f"{place}.volumes")
    containers = spec.get("containers") or ()
    if not containers:
        yield errors.required(f"{place}.containers")
    yield from _containers(containers, f"{place}.containers", volumes)
    yield from _containers(spec.get("initContainers", ()), f"{place}.initContainers", volumes)
    names = [c.get("name") for c in (*containers, *spec.get("initContainers", ()))]
    for at, name in enumerate(names[len(containers) :]):
        if name in names[: len(containers)]:
            yield errors.duplicate(f"{place}.initContainers[{at}].name", name)
    if spec.get("restartPolicy") not in _RESTART_POLICIES:
        policy = spec.get("restartPolicy")
        yield errors.not_supported(f"{place}.restartPolicy", policy, _RESTART_POLICIES)
    yield from common.check_not_negative(spec, place, "terminationGracePeriodSeconds")


def _unique_names(names: Sequence[str], place: str) -> Found:
    for at, name in enumerate(names):
        inner = f"{place}[{at}].name"
        if not name:
            yield errors.required(inner)
        elif name in names[:at]:
            yield errors.duplicate(inner, name)
        else:
            yield from common.check_text(name, common.LABEL, common.LABEL_TEXT, inner, 63)


def _containers(containers: Sequence[Value], place: str, volumes: Sequence[str]) -> Found:
    yield from _unique_names([c.get("name", "") for c in containers], place)
    for at, container in enumerate(containers):
        yield from _container(container, f"{place}[{at}]", volumes)


def _container(container: Value, place: str, volumes: Sequence[str]) -> Found:
    yield from _image(container.get("image", ""), f"{place}.image")
    for at, port in enumerate(container.get("ports", ())):
        yield from _container_port(port, f"{place}.ports[{at}]")
    for at, entry in enumerate(container.get("env", ())):
        yield from _environment(entry, f"{place}.env[{at}]")
    policy = container.get("imagePullPolicy")
    if policy not in _PULL_POLICIES:
        yield errors.not_supported(f"{place}.imagePullPolicy", policy, _PULL_POLICIES)
    yield from _mounts(container.get("volumeMounts", ()), f"{place}.volumeMounts", volumes)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            yield from _probe(container[probe], f"{place}.{probe}")
    yield from _resources(container["resources"], f"{place}.resources")


def _image(image: str, place: str) -> Found:
    if not image:
        yield errors.required(place)
    elif image != image.strip():
        yield errors.invalid_value(place, image, "must not have leading or trailing whitespace")


def _mounts(mounts: Sequence[Value], place: str, volumes: Sequence[str]) -> Found:
    for at, mount in enumerate(mounts):
        inner = f"{place}[{at}]"
        if mount.get("name") not in volumes:
            missing = f'Not found: "{mount.get("name")}"'
            yield Cause("FieldValueNotFound", f"{inner}.name", missing)
        if not mount.get("mountPath"):
            yield errors.required(f"{inner}.mountPath")


def _probe(probe: Value, place: str) -> Found:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if name in probe]
    if not handlers:
        yield errors.required(place, "must specify a handler type")
    for extra in handlers[1:]:
        why = "may not specify more than 1 handler type"
        yield errors.forbidden_field(f"{place}.{extra}", why)


def _container_port(port: Value, place: str) -> Found:
    number = port.get("containerPort", 0)
    if not number:
        yield errors.required(f"{place}.containerPort")
    else:
        yield from common.check_port_number(number, f"{place}.containerPort")
    if port.get("protocol") not in common.PROTOCOLS:
        yield errors.not_supported(f"{place}.protocol", port.get("protocol"), common.PROTOCOLS)
    name = port.get("name")
    if name is not None and len(name) > 15:
        yield errors.invalid_value(f"{place}.name", name, "must be no more than 15 characters")


def _environment(entry: Value, place: str) -> Found:
    name = entry.get("name", "")
    if not name:
        yield errors.required(f"{place}.name")
    elif not re.fullmatch(_ENVIRONMENT_NAME, name):
        why = (
            "a valid environment variable name must consist only of printable ASCII characters"
            " other than '='"
        )
        yield errors.invalid_value(f"{place}.name", name, why)
    source = entry.get("valueFrom")
    if source is not None and entry.get("value"):
        why = "may not be specified when `value` is not empty"
        yield errors.invalid_value(f"{place}.valueFrom", "", why)
    if source is not None and len(source) > 1:
        why = "may not have more than one field specified at a time"
        yield errors.invalid_value(f"{place}.valueFrom", "", why)


def _resources(resources: Value, place: str) -> Found:
    limits = resources.get("limits", {})
    for name, amount in resources.get("requests", {}).items():
        limit = limits.get(name)
        if limit is not None and quantity.parse(amount) > quantity.parse(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield errors.invalid_value(f"{place}.requests", amount, why)

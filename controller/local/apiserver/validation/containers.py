"""Containers: image, ports, variables, mounts, probes, resources."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from controller.local.apiserver import errors, quantity
from controller.local.apiserver.validation import common, references, volumes
from controller.local.apiserver.validation.common import Found, Value

_ENVIRONMENT_NAME = "[ -<>-~]+"
_ENVIRONMENT_NAME_TEXT = (
    "a valid environment variable name must consist only of printable ASCII characters other than"
    " '='"
)
_HEADER_NAME = "[-A-Za-z0-9]+"
_HEADER_NAME_TEXT = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name',"
    f" regex used for validation is '{_HEADER_NAME}')"
)
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_COUNTS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)
_STANDARD_RESOURCES = frozenset(["cpu", "ephemeral-storage", "memory"])
_SEVERAL = "may not have more than one field specified at a time"


def check(spec: Value, place: str, known: Mapping[str, Value]) -> Found:
    """Check the containers of a pod's spec, whose volumes are known by their names."""
    main = spec.get("containers") or ()
    if not main:
        yield errors.required(f"{place}.containers")
    names: set[str] = set()
    for container, inner in _with_places(main, f"{place}.containers"):
        yield from _container(container, inner, known)
        yield from _once(container, inner, names)
        yield from _life(container, inner)
    yield from _host_ports(main, f"{place}.containers")
    for container, inner in _with_places(
        spec.get("initContainers") or (), f"{place}.initContainers"
    ):
        yield from _container(container, inner, known)
        yield from _once(container, inner, names)
        if container.get("restartPolicy") == "Always":
            yield from _life(container, inner)
        else:
            yield from _lifeless(container, inner)


def check_images(spec: Value, place: str) -> Found:
    """Check what pods do not take, though templates do."""
    for kind in ("containers", "initContainers"):
        for container, inner in _with_places(spec.get(kind) or (), f"{place}.{kind}"):
            image = container.get("image", "")
            if image != image.strip():
                why = "must not have leading or trailing whitespace"
                yield errors.invalid_value(f"{inner}.image", image, why)


def _with_places(some: Sequence[Value], place: str) -> Iterator[tuple[Value, str]]:
    return ((container, f"{place}[{at}]") for at, container in enumerate(some))


def _container(container: Value, place: str, known: Mapping[str, Value]) -> Found:
    yield from common.check_name(container.get("name", ""), f"{place}.name")
    yield from common.check_required(container, place, "image")
    policy = container.get("terminationMessagePolicy")
    if policy not in _MESSAGE_POLICIES:
        why = "must be 'File' or 'FallbackToLogsOnError'"
        yield errors.invalid_value(f"{place}.terminationMessagePolicy", policy, why)
    yield from _ports(container.get("ports") or (), f"{place}.ports")
    for at, entry in enumerate(container.get("env") or ()):
        yield from _variable(entry, f"{place}.env[{at}]")
    yield from _variables_from(container.get("envFrom") or (), f"{place}.envFrom")
    mounts = container.get("volumeMounts") or ()
    yield from volumes.check_mounts(mounts, f"{place}.volumeMounts", known)
    policy = container.get("imagePullPolicy")
    if policy not in _PULL_POLICIES:
        yield errors.not_supported(f"{place}.imagePullPolicy", policy, _PULL_POLICIES)
    yield from _resources(container["resources"], f"{place}.resources")


def _once(container: Value, place: str, names: set[str]) -> Found:
    name = container.get("name", "")
    if name in names:
        yield errors.duplicate(f"{place}.name", name)
    names.add(name)


def _ports(ports: Sequence[Value], place: str) -> Found:
    names: set[str] = set()
    for at, port in enumerate(ports):
        inner, name = f"{place}[{at}]", port.get("name", "")
        faults = list(common.check_port_name(name, f"{inner}.name")) if name else []
        yield from faults
        if name and not faults and name in names:
            yield errors.duplicate(f"{inner}.name", name)
        names.add(name)
        if not port.get("containerPort"):
            yield errors.required(f"{inner}.containerPort")
        else:
            yield from common.check_port_number(port["containerPort"], f"{inner}.containerPort")
        if port.get("hostPort"):
            yield from common.check_port_number(port["hostPort"], f"{inner}.hostPort")
        if port.get("protocol") not in common.PROTOCOLS:
            protocol = port.get("protocol")
            yield errors.not_supported(f"{inner}.protocol", protocol, common.PROTOCOLS)


def _host_ports(some: Sequence[Value], place: str) -> Found:
    taken: set[str] = set()
    for container, inner in _with_places(some, place):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            told = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if told in taken:
                yield errors.duplicate(f"{inner}.ports[{at}].hostPort", told)
            taken.add(told)


def _variable(entry: Value, place: str) -> Found:
    if not entry.get("name"):
        yield errors.required(f"{place}.name")
    else:
        yield from _variable_name(entry["name"], f"{place}.name")
    if "valueFrom" in entry:
        yield from _value_from(entry, f"{place}.valueFrom")


def _variable_name(name: str, place: str) -> Found:
    if not re.fullmatch(_ENVIRONMENT_NAME, name):
        yield errors.invalid_value(place, name, _ENVIRONMENT_NAME_TEXT)


def _value_from(entry: Value, place: str) -> Found:
    source = entry["valueFrom"]
    for kind, step in _VALUE_SOURCES.items():
        if kind in source:
            yield from step(source[kind], f"{place}.{kind}")
    if not source:
        why = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or"
            " `secretKeyRef`"
        )
        yield errors.invalid_value(place, "", why)
    elif entry.get("value"):
        yield errors.invalid_value(place, "", "may not be specified when `value` is not empty")
    elif len(source) > 1:
        yield errors.invalid_value(place, "", _SEVERAL)


def _variables_from(sources: Sequence[Value], place: str) -> Found:
    for at, source in enumerate(sources):
        inner = f"{place}[{at}]"
        if source.get("prefix"):
            yield from _variable_name(source["prefix"], f"{inner}.prefix")
        kinds = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        for kind in kinds:
            yield from common.check_required(source[kind], f"{inner}.{kind}", "name")
        # The real server tells no index here.
        if not kinds:
            why = "must specify one of: `configMapRef` or `secretRef`"
            yield errors.invalid_value(place, "", why)
        elif len(kinds) > 1:
            yield errors.invalid_value(place, "", _SEVERAL)


def _life(container: Value, place: str) -> Found:
    for hook in ("postStart", "preStop"):
        handler = (container.get("lifecycle") or {}).get(hook)
        if handler is not None:
            yield from _handler(handler, f"{place}.lifecycle.{hook}")
    for name in _PROBES:
        if name in container:
            yield from _probe(container[name], f"{place}.{name}", is_readiness="readi" in name)


def _lifeless(container: Value, place: str) -> Found:
    """An init container has nothing that belongs to one which goes on running."""
    for name in ("lifecycle", *_PROBES):
        if name in container:
            why = "may not be set for init containers without restartPolicy=Always"
            yield errors.forbidden_field(f"{place}.{name}", why)


def _probe(probe: Value, place: str, *, is_readiness: bool) -> Found:
    yield from _handler(probe, place)
    yield from common.check_not_negative(probe, place, *_COUNTS)
    inner, grace_s = (
        f"{place}.terminationGracePeriodSeconds",
        probe.get("terminationGracePeriodSeconds"),
    )
    if grace_s is not None and grace_s <= 0:
        yield errors.invalid_value(inner, grace_s, "must be greater than 0")
    if is_readiness and grace_s is not None:
        yield errors.invalid_value(inner, grace_s, "must not be set for readinessProbes")
    threshold = probe.get("successThreshold")
    if not is_readiness and threshold != 1:
        yield errors.invalid_value(f"{place}.successThreshold", threshold, "must be 1")


def _handler(handler: Value, place: str) -> Found:
    kinds = [kind for kind in _HANDLERS if kind in handler]
    for kind in kinds[:1]:
        yield from _HANDLERS[kind](handler[kind], f"{place}.{kind}")
    for extra in kinds[1:]:
        why = "may not specify more than 1 handler type"
        yield errors.forbidden_field(f"{place}.{extra}", why)
    if not kinds:
        yield errors.required(place, "must specify a handler type")


def _exec(action: Value, place: str) -> Found:
    yield from common.check_required(action, place, "command")


def _http_get(action: Value, place: str) -> Found:
    yield from common.check_required(action, place, "path")
    yield from common.check_port(action.get("port"), f"{place}.port")
    if action.get("scheme") not in {"HTTP", "HTTPS"}:
        yield errors.not_supported(f"{place}.scheme", action.get("scheme"), ["HTTP", "HTTPS"])
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        if not re.fullmatch(_HEADER_NAME, name):
            yield errors.invalid_value(f"{place}.httpHeaders", name, _HEADER_NAME_TEXT)


def _tcp(action: Value, place: str) -> Found:
    yield from common.check_port(action.get("port"), f"{place}.port")


def _grpc(action: Value, place: str) -> Found:
    yield from common.check_port_number(action.get("port", 0), f"{place}.port")


def _sleep(action: Value, place: str) -> Found:
    yield from common.check_not_negative(action, place, "seconds")


def _resources(resources: Value, place: str) -> Found:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            inner = f"{place}.{kind}[{name}]"
            yield from _resource_name(name, inner)
            if quantity.parse(amount) < 0:
                yield errors.invalid_value(inner, amount, common.NOT_NEGATIVE_TEXT)
            limit = limits.get(name) if kind == "requests" else None
            if limit is not None and quantity.parse(amount) > quantity.parse(limit):
                why = f"must be less than or equal to {name} limit of {limit}"
                yield errors.invalid_value(f"{place}.requests", amount, why)


def _resource_name(name: str, place: str) -> Found:
    yield from common.check_qualified(name, place)
    is_standard = name in _STANDARD_RESOURCES or name.startswith("hugepages-")
    if "/" not in name and not is_standard:
        why = "must be a standard resource type or fully qualified"
        yield errors.invalid_value(place, name, why)
        yield errors.invalid_value(place, name, "must be a standard resource for containers")


def _field(reference: Value, place: str) -> Found:
    yield from references.check_field(reference, place, references.OF_VARIABLE)


def _resource(reference: Value, place: str) -> Found:
    yield from references.check_resource(reference, place, needs_container=False)


_VALUE_SOURCES: Mapping[str, Callable[[Any, str], Found]] = {
    "fieldRef": _field,
    "resourceFieldRef": _resource,
    "configMapKeyRef": references.check_key,
    "secretKeyRef": references.check_key,
}
_HANDLERS: Mapping[str, Callable[[Any, str], Found]] = {
    "exec": _exec,
    "httpGet": _http_get,
    "tcpSocket": _tcp,
    "grpc": _grpc,
    "sleep": _sleep,
}

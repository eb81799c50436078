"""References to values: fields of the pod, resources of a container, keys of objects."""

import re
from collections.abc import Sequence

from controller.local.apiserver import errors
from controller.local.apiserver.validation import common
from controller.local.apiserver.validation.common import Found, Value

OF_VARIABLE = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
OF_VOLUME = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_FIELDS = frozenset(
    [*OF_VARIABLE, *OF_VOLUME, "spec.restartPolicy", "spec.schedulerName", "status.phase"]
)
_KEYED = re.compile(r"(.+)\['(.*)'\]")
_RESOURCES = tuple(
    f"{kind}.{name}"
    for kind in ("limits", "requests")
    for name in ("cpu", "ephemeral-storage", "memory")
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")


def check_field(reference: Value, place: str, known: Sequence[str]) -> Found:
    """Check a `fieldRef`; `known` are the fields that may be asked for there."""
    path, inner = reference.get("fieldPath", ""), f"{place}.fieldPath"
    if not path:
        yield errors.required(inner)
    elif keyed := _KEYED.fullmatch(path):
        yield from _keyed(path, keyed[1], keyed[2], inner)
    elif path not in _FIELDS:
        why = f"error converting fieldPath: field label not supported: {path}"
        yield errors.invalid_value(inner, path, why)
    elif path not in known:
        yield errors.not_supported(inner, path, known)


def _keyed(path: str, field: str, key: str, place: str) -> Found:
    if field == "metadata.annotations":
        yield from common.check_qualified(key.lower(), place, shown=key)
    elif field == "metadata.labels":
        yield from common.check_qualified(key, place)
    else:
        yield errors.invalid_value(place, path, "does not support subscript")


def check_resource(reference: Value, place: str, *, needs_container: bool) -> Found:
    """Check a `resourceFieldRef`; in a volume it has to name the container."""
    name = reference.get("resource", "")
    if needs_container and not reference.get("containerName"):
        yield errors.required(f"{place}.containerName")
    elif not name:
        yield errors.required(f"{place}.resource")
    elif name not in _RESOURCES and not name.startswith(_HUGE_PAGES):
        yield errors.not_supported(f"{place}.resource", name, _RESOURCES)


def check_key(reference: Value, place: str) -> Found:
    """Check a reference to a key of a ConfigMap or Secret."""
    yield from common.check_required(reference, place, "name")
    key = reference.get("key", "")
    if not key:
        yield errors.required(f"{place}.key")
    else:
        yield from common.check_config_key(key, f"{place}.key")

"""The downward API: what a pod may be told about itself (`fieldRef`, `resourceFieldRef`)."""

import os
import re
from collections.abc import Mapping
from typing import Any

from controller.local.workloads.kubelet import quantities
from controller.objects import Manifest

_KEYED = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_PLAIN = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
    "metadata.uid": ("metadata", "uid"),
    "spec.nodeName": ("spec", "nodeName"),
    "spec.serviceAccountName": ("spec", "serviceAccountName"),
}


def field(pod: Manifest, path: str, *, address: str) -> str:
    """Give the value of a `fieldPath`; the pod's address also where its status has none yet.

    Raises:
        ValueError: the path is none that the downward API knows.
    """
    if path in {"status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs"}:
        return address
    if match := _KEYED.fullmatch(path):
        return str((pod["metadata"].get(match[1]) or {}).get(match[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        return _as_lines(pod["metadata"].get(path.partition(".")[2]) or {})
    if path in _PLAIN:
        section, name = _PLAIN[path]
        return str(pod[section].get(name, ""))
    message = f"unsupported fieldPath: {path}"
    raise ValueError(message)


def resource(container: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Give what a `resourceFieldRef` asks for; a missing limit is what the machine has.

    Raises:
        ValueError: the resource is none that can be asked for.
    """
    kind, _, name = reference["resource"].partition(".")
    if kind not in {"limits", "requests"} or not name:
        message = f"unsupported resource: {reference['resource']}"
        raise ValueError(message)
    resources = container.get("resources") or {}
    amount = (resources.get(kind) or {}).get(name)
    if amount is None and kind == "limits":
        amount = _of_machine(name)
    return str(quantities.divide(amount or 0, reference.get("divisor") or 1))


def _of_machine(name: str) -> int:
    if name == "cpu":
        return os.cpu_count() or 1
    if name == "memory":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0


def _as_lines(values: Mapping[str, str]) -> str:
    """Labels or annotations as a volume shows them: `key="escaped value"`, sorted."""
    return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(values.items()))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'

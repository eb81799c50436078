"""Writes the schemas of Kubernetes' own kinds from the package kubernetes-validate.

The package carries Kubernetes' published definitions (108 MB, so it is no dependency; install it
for this run only: `uv run --with kubernetes-validate==1.37.0 scripts/generate_schemas.py`). Taken
are the definitions that the served resources reach, without descriptions. Two facts that the
published definitions lack are added as `default`: fields that the server writes also when they are
empty (Go struct fields without `omitempty`), and the default of list keys.
"""

import gzip
import json
from importlib import resources as package_files
from pathlib import Path
from typing import Any

from controller.local.apiserver import printing
from controller.local.apiserver.resources import built_in

RELEASE = "v1.36.0-local"
TARGET = Path(__file__).parents[1] / "controller/schemas/kubernetes.json.gz"

# Needed beside the kinds of the resource table: what requests carry and what answers are made of.
EXTRA = ("Status", "DeleteOptions", "Scale", "Eviction", "WatchEvent", "APIResourceList")

# Fields that are structs by value in Go, hence never absent from an answer, although the published
# schema does not require them. (Required ones follow from the schema.)
ALWAYS: dict[str, dict[str, Any]] = {
    "apps.v1.DaemonSetSpec": {"updateStrategy": {}},
    "apps.v1.DeploymentSpec": {"strategy": {}},
    "apps.v1.ReplicaSetSpec": {"template": {}},
    "apps.v1.StatefulSetSpec": {"updateStrategy": {}},
    "apps.v1.StatefulSetStatus": {"availableReplicas": 0},
    "authentication.v1.TokenRequestSpec": {"boundObjectRef": None},
    "authentication.v1.TokenReviewStatus": {"user": {}},
    "autoscaling.v2.HorizontalPodAutoscalerStatus": {"currentMetrics": None},
    "autoscaling.v2.MetricTarget": {},
    "batch.v1.JobTemplateSpec": {"metadata": {}, "spec": {}},
    "core.v1.Container": {"resources": {}},
    "core.v1.ContainerStatus": {"lastState": {}, "state": {}},
    "core.v1.EphemeralContainer": {"resources": {}},
    "core.v1.Event": {
        "eventTime": None,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingComponent": "",
        "reportingInstance": "",
        "source": {},
    },
    "core.v1.NodeStatus": {"daemonEndpoints": {}, "nodeInfo": {}},
    "core.v1.NodeDaemonEndpoints": {"kubeletEndpoint": {}},
    "core.v1.PersistentVolumeClaimSpec": {"resources": {}},
    "core.v1.PersistentVolumeClaimTemplate": {"metadata": {}},
    "core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "core.v1.ResourceFieldSelector": {"divisor": "0"},
    "core.v1.ServiceStatus": {"loadBalancer": {}},
    "discovery.v1.Endpoint": {"conditions": {}},
    "discovery.v1.EndpointSlice": {"ports": None},
    "networking.v1.IngressServiceBackend": {"port": {}},
    "networking.v1.IngressStatus": {"loadBalancer": {}},
    "networking.v1.NetworkPolicySpec": {"podSelector": {}},
    "apiextensions.v1.CustomResourceDefinitionStatus": {
        "acceptedNames": {},
        "conditions": None,
        "storedVersions": None,
    },
    "authorization.v1.SubjectAccessReviewStatus": {"allowed": False},
}
# Required, but pointers in Go: written only when given.
POINTERS = {("apps.v1.DeploymentSpec", "selector"), ("apps.v1.ReplicaSetSpec", "selector")}
# Published in the OpenAPI document of version 3 only: a list's key may be left out and means this.
KEY_DEFAULTS = {
    ("core.v1.ContainerPort", "protocol"): "TCP",
    ("core.v1.ServicePort", "protocol"): "TCP",
}
_ZERO = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": None, "object": None}


def short(name: str) -> str:
    """Give the last three words of a definition's name, as the tables above write them."""
    return ".".join(name.rsplit(".", 3)[1:])


def stripped(node: Any) -> Any:
    """Give a schema node as the API server publishes it, without descriptions and null types."""
    if isinstance(node, list):
        return [stripped(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {k: v for k, v in node.items() if not (k == "description" and isinstance(v, str))}
    kept = {k: stripped(v) for k, v in kept.items()}
    if isinstance(kept.get("type"), list):
        kept["type"] = next(name for name in kept["type"] if name != "null")
    if "$ref" in kept and isinstance(kept["$ref"], str):
        kept["$ref"] = kept["$ref"].rpartition("/")[2]
    return kept


def _special(name: str, node: dict[str, Any]) -> dict[str, Any]:
    if name.endswith("util.intstr.IntOrString"):
        return {"type": "string", "format": "int-or-string"}
    if name.endswith("api.resource.Quantity"):
        return {"type": "string", "format": "quantity"}
    return node


def _with_defaults(name: str, node: dict[str, Any], every: dict[str, Any]) -> dict[str, Any]:
    properties = dict(node.get("properties", {}))
    always = dict(ALWAYS.get(short(name), {}))
    for field in node.get("required", []):
        if (short(name), field) not in POINTERS:
            always.setdefault(field, _zero(properties[field], every))
    if "x-kubernetes-group-version-kind" in node and "status" in properties:
        always.setdefault("status", {})
    if "x-kubernetes-group-version-kind" in node and "$ref" in properties.get("spec", {}):
        always.setdefault("spec", {})
    if "x-kubernetes-group-version-kind" in node and "metadata" in properties:
        always.setdefault("metadata", {})
    for (owner, field), value in KEY_DEFAULTS.items():
        if owner == short(name):
            properties[field] = {**properties[field], "x-key-default": value}
    for field, value in always.items():
        properties[field] = {**properties[field], "default": value}
    for field in ("apiVersion", "kind"):
        properties.get(field, {}).pop("enum", None)
    return {**node, "properties": properties} if properties else node


def _zero(node: dict[str, Any], every: dict[str, Any]) -> Any:
    target = every.get(node.get("$ref", ""), node)
    if target.get("properties"):
        return {}
    if target.get("format") in {"date-time", "int-or-string"}:
        return None if target["format"] == "date-time" else 0
    return _ZERO.get(target.get("type", "object"))


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


def _reachable(roots: set[str], every: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _references(every[name]) - found
    return found


def _roots(every: dict[str, Any]) -> set[str]:
    wanted = {(r.group, r.version, r.kind) for r in built_in()}
    wanted |= {(r.group, r.version, r.list_kind) for r in built_in()}
    roots = set()
    for name, node in every.items():
        for gvk in node.get("x-kubernetes-group-version-kind", []):
            if (gvk["group"], gvk["version"], gvk["kind"]) in wanted:
                roots.add(name)
        if short(name).split(".")[-1] in EXTRA and ".v1" in name:
            roots.add(name)
    roots.add("io.k8s.api.authentication.v1.TokenRequest")
    return {name for name in roots if "v1alpha" not in name and "v1beta" not in name}


def _columns(raw: dict[str, Any]) -> dict[str, str]:
    """Give the descriptions that tables need: those of the fields their columns stand for."""
    wanted = printing.described_fields()
    found = {}
    for name, node in sorted(raw.items()):
        for field in node.get("properties", {}):
            # Without the group, because the first group in order (core) is the one meant.
            label = f"{short(name).partition('.')[2]}.{field}"
            if label in wanted:
                found.setdefault(label, node["properties"][field].get("description", ""))
    return found


def main() -> None:
    """Read the package and write the file."""
    base = package_files.files("kubernetes_validate") / "kubernetes-json-schema"
    raw = json.loads((base / RELEASE / "_definitions.json").read_bytes())["$defs"]
    every = {name: _special(name, stripped(node)) for name, node in raw.items()}
    names = _reachable(_roots(every), every)
    definitions = {name: _with_defaults(name, every[name], every) for name in sorted(names)}
    body = json.dumps(
        {"definitions": definitions, "descriptions": _columns(raw)},
        separators=(",", ":"),
        sort_keys=True,
    )
    TARGET.write_bytes(gzip.compress(body.encode(), 9, mtime=0))
    print(f"{TARGET}: {len(definitions)} definitions, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""What the server does of its own accord when an object of a certain kind is written.

The counterpart of the strategies in k8s.io/kubernetes `pkg/registry`: which parts an endpoint takes
from the client, what is filled in behind the client's back (and therefore owned by nobody), and
when the generation counts up.
"""

import ipaddress
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from controller.local.apiserver import errors, fields, quantity
from controller.local.apiserver.fields import Fields
from controller.local.apiserver.resources import Resource
from controller.local.apiserver.storage import Key, Storage

Value: TypeAlias = dict[str, Any]

# No vowels and no look-alikes, so that no words come about (k8s.io/apimachinery `util/rand`).
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
# The customary range for services; nothing routes there, names are what pods use here.
_SERVICE_RANGE = ipaddress.ip_network("10.96.0.0/16")
_NODE_PORTS = range(30000, 32768)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERATIONAL = _words(
    "deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
    "cronjobs.batch pods networkpolicies.networking.k8s.io ingresses.networking.k8s.io "
    "replicationcontrollers ingressclasses.networking.k8s.io poddisruptionbudgets.policy "
    "customresourcedefinitions.apiextensions.k8s.io endpointslices.discovery.k8s.io "
    "mutatingwebhookconfigurations.admissionregistration.k8s.io "
    "validatingwebhookconfigurations.admissionregistration.k8s.io "
    "validatingadmissionpolicies.admissionregistration.k8s.io "
    "priorityclasses.scheduling.k8s.io flowschemas.flowcontrol.apiserver.k8s.io "
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
)
_CREATED_BY_UPDATE = _words(
    "endpoints events services leases.coordination.k8s.io limitranges podtemplates "
    "roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io "
    "clusterroles.rbac.authorization.k8s.io clusterrolebindings.rbac.authorization.k8s.io"
)
_RETURNED_WHEN_DELETED = frozenset(
    [
        "pods",
        "services",
        "serviceaccounts",
        "persistentvolumes",
        "persistentvolumeclaims",
        "podtemplates",
        "resourcequotas",
    ]
)


def has_generation(resource: Resource) -> bool:
    """Do objects of this resource count the changes of their desired state?"""
    return resource.custom is not None or resource.storage_key in _GENERATIONAL


def is_created_by_update(resource: Resource) -> bool:
    """Does an update of what is not there create it?"""
    return resource.storage_key in _CREATED_BY_UPDATE


def is_returned_when_deleted(resource: Resource) -> bool:
    """Is the object itself the answer to its deletion, rather than a Status?"""
    return resource.storage_key in _RETURNED_WHEN_DELETED


def has_status(resource: Resource) -> bool:
    """Is the status written through an endpoint of its own?"""
    return "status" in resource.subresources


def ignored_fields(resource: Resource, subresource: str) -> Fields:
    """Give the fields that an endpoint does not take from the client."""
    if subresource == "status":
        if resource.custom is not None:
            return {"f:metadata": fields.leaf(), "f:spec": fields.leaf()}
        ignored: Fields = {"f:spec": fields.leaf()}
        if resource.storage_key == "deployments.apps":
            ignored["f:metadata"] = {"f:labels": fields.leaf()}
        return ignored
    return {"f:status": fields.leaf()} if has_status(resource) else {}


def suffix(length: int = 5) -> str:
    """Give a random ending for a generated name."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(length))


def prepare_create(resource: Resource, value: Value, storage: Storage) -> None:
    """Complete an object that is about to be created; it is nobody else's yet."""
    if has_generation(resource):
        value["metadata"]["generation"] = 1
    if resource.custom is not None:
        if has_status(resource):
            value.pop("status", None)
        return
    if has_status(resource) and resource.storage_key != "horizontalpodautoscalers.autoscaling":
        value["status"] = {}
    step = _ON_CREATE.get(resource.storage_key)
    if step is not None:
        step(value, storage)


def prepare_update(resource: Resource, value: Value, live: Value, subresource: str) -> None:
    """Put back what an endpoint does not take, and count a change of the desired state."""
    if subresource == "status":
        _keep_all_but_status(resource, value, live)
    elif has_status(resource):
        _keep(value, live, "status")
    step = _ON_UPDATE.get(resource.storage_key)
    if step is not None:
        step(value, live)
    if has_generation(resource):
        metadata = value["metadata"]
        metadata["generation"] = live["metadata"].get("generation", 1)
        if _desired(value) != _desired(live):
            metadata["generation"] += 1


def _desired(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if name not in {"metadata", "status"}}


def _keep(value: Value, live: Value, name: str) -> None:
    value.pop(name, None)
    if name in live:
        value[name] = live[name]


def _keep_all_but_status(resource: Resource, value: Value, live: Value) -> None:
    if resource.custom is not None:
        managed = value["metadata"].get("managedFields")
        value["metadata"] = {**live["metadata"]}
        if managed is not None:
            value["metadata"]["managedFields"] = managed
    elif resource.storage_key == "deployments.apps":
        _keep(value["metadata"], live["metadata"], "labels")
    elif resource.storage_key == "pods":
        _keep(value["metadata"], live["metadata"], "ownerReferences")
    for name in {*value, *live} - {"metadata", "status", "apiVersion", "kind"}:
        _keep(value, live, name)


def _create_namespace(value: Value, _: Storage) -> None:
    finalizers = value["spec"].get("finalizers", [])
    if "kubernetes" not in finalizers:
        value["spec"]["finalizers"] = [*finalizers, "kubernetes"]
    value["status"] = {"phase": "Active"}


def _create_service(value: Value, storage: Storage) -> None:
    value["status"] = {"loadBalancer": {}}
    spec = value["spec"]
    if spec["type"] == "ExternalName":
        return
    if not spec.get("clusterIP"):
        taken = (s["spec"].get("clusterIP") for s in storage.scan("services"))
        spec["clusterIP"] = _free_address(taken)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    _allocate_node_ports(spec, storage)


def _allocate_node_ports(spec: Value, storage: Storage) -> None:
    if spec["type"] not in {"NodePort", "LoadBalancer"}:
        return
    used = {
        port.get("nodePort")
        for service in storage.scan("services")
        for port in service["spec"].get("ports", ())
    }
    free = (number for number in _NODE_PORTS if number not in used)
    for port in spec.get("ports", ()):
        port.setdefault("nodePort", next(free))


def _free_address(taken: Iterable[str | None]) -> str:
    used = set(taken)
    while True:
        offset = 10 + secrets.randbelow(_SERVICE_RANGE.num_addresses - 20)
        address = str(_SERVICE_RANGE[offset])
        if address not in used:
            return address


def _update_service(value: Value, live: Value) -> None:
    spec, former = value["spec"], live["spec"]
    if spec["type"] == "ExternalName" or former.get("type") == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"):
        if not spec.get(name) and name in former:
            spec[name] = former[name]


def _create_pod(value: Value, storage: Storage) -> None:
    value["status"] = {"phase": "Pending", "qosClass": _service_class(value["spec"])}
    spec = value["spec"]
    account = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = account
    namespace = value["metadata"]["namespace"]
    found = storage.get(Key("serviceaccounts", namespace, account))
    if found is None:
        raise errors.ApiError(
            403,
            "Forbidden",
            f'pods "{value["metadata"]["name"]}" is forbidden: error looking up service account'
            f' {namespace}/{account}: serviceaccount "{account}" not found',
            details={"name": value["metadata"]["name"], "kind": "pods"},
        )
    mounts = spec.get("automountServiceAccountToken", found.get("automountServiceAccountToken"))
    if mounts is not False:
        _mount_token(spec)
    if "imagePullSecrets" in found and "imagePullSecrets" not in spec:
        spec["imagePullSecrets"] = found["imagePullSecrets"]
    spec["tolerations"] = _tolerations(spec.get("tolerations", []))
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 -- a path


def _mount_token(spec: Value) -> None:
    containers = [*spec.get("initContainers", ()), *(spec.get("containers") or ())]
    lacking = [
        container
        for container in containers
        if all(m.get("mountPath") != _TOKEN_FOLDER for m in container.get("volumeMounts", ()))
    ]
    if not lacking:
        return
    name = f"kube-api-access-{suffix()}"
    namespace_file = {
        "path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
    }
    root = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    sources = [
        # An hour and seven seconds: the real server's mark for its own tokens.
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": root},
        {"downwardAPI": {"items": [namespace_file]}},
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
    spec["volumes"] = [*spec.get("volumes", ()), volume]
    mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_FOLDER}
    for container in lacking:
        container["volumeMounts"] = [*container.get("volumeMounts", ()), mount]


def _tolerations(given: list[Value]) -> list[Value]:
    added = []
    for condition in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{condition}"
        if not any(item.get("key") in {key, None} for item in given):
            added.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )
    return [*given, *added]


def _service_class(spec: Value) -> str:
    """Tell the quality of service: `pkg/apis/core/v1/helper/qos`."""
    containers = [*spec.get("initContainers", ()), *(spec.get("containers") or ())]
    named = [c["resources"] for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in named):
        return "BestEffort"
    for resources in named:
        limits, requests = resources.get("limits", {}), resources.get("requests", {})
        if not {"cpu", "memory"} <= limits.keys():
            return "Burstable"
        if any(
            quantity.parse(requests.get(n, limits[n])) != quantity.parse(limits[n]) for n in limits
        ):
            return "Burstable"
    return "Guaranteed"


def _update_pod(value: Value, live: Value) -> None:
    if "qosClass" in live.get("status", {}):
        value.setdefault("status", {}).setdefault("qosClass", live["status"]["qosClass"])


def _create_definition(value: Value, _: Storage) -> None:
    stored = [version["name"] for version in value["spec"]["versions"] if version.get("storage")]
    value["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored,
    }


def _create_claim(value: Value, _: Storage) -> None:
    value["status"] = {"phase": "Pending"}


def _create_autoscaler(value: Value, _: Storage) -> None:
    value["status"] = {"desiredReplicas": 0, "currentMetrics": None}


def _create_budget(value: Value, _: Storage) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    value["status"] = dict.fromkeys(counts, 0)


def _create_replica_set(value: Value, _: Storage) -> None:
    value["status"] = {"replicas": 0}


def _create_stateful_set(value: Value, _: Storage) -> None:
    value["status"] = {"replicas": 0, "availableReplicas": 0}


def _create_daemon_set(value: Value, _: Storage) -> None:
    counts = (
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
    )
    value["status"] = dict.fromkeys(counts, 0)


def _create_job(value: Value, _: Storage) -> None:
    """Give the pods of a job labels that no other job's have (`pkg/registry/batch/job`)."""
    if value["spec"].get("manualSelector"):
        return
    uid, name = value["metadata"]["uid"], value["metadata"]["name"]
    labels = value["spec"]["template"]["metadata"].setdefault("labels", {})
    mine = {"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid}
    labels |= {**mine, "batch.kubernetes.io/job-name": name, "job-name": name}
    value["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _create_ingress(value: Value, _: Storage) -> None:
    value["status"] = {"loadBalancer": {}}


_ON_CREATE: dict[str, Callable[[Value, Storage], None]] = {
    "customresourcedefinitions.apiextensions.k8s.io": _create_definition,
    "daemonsets.apps": _create_daemon_set,
    "horizontalpodautoscalers.autoscaling": _create_autoscaler,
    "ingresses.networking.k8s.io": _create_ingress,
    "jobs.batch": _create_job,
    "namespaces": _create_namespace,
    "persistentvolumeclaims": _create_claim,
    "poddisruptionbudgets.policy": _create_budget,
    "pods": _create_pod,
    "replicasets.apps": _create_replica_set,
    "services": _create_service,
    "statefulsets.apps": _create_stateful_set,
}
_ON_UPDATE: dict[str, Callable[[Value, Value], None]] = {
    "pods": _update_pod,
    "services": _update_service,
}

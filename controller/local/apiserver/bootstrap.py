"""What a cluster has from the beginning: namespaces, the API's own service, the common roles."""

from typing import Any

from controller.local.apiserver.calls import Call
from controller.local.apiserver.storage import Key
from controller.local.apiserver.verbs import Verbs

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = [*_READ, "create", "delete", "deletecollection", "patch", "update"]
_CORE_READABLE = [
    "configmaps", "endpoints", "events", "limitranges", "namespaces", "persistentvolumeclaims",
    "pods", "pods/log", "pods/status", "replicationcontrollers", "resourcequotas",
    "serviceaccounts", "services",
]  # fmt: skip
_CORE_WRITABLE = [
    "configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/attach",
    "pods/exec", "pods/portforward", "pods/proxy", "replicationcontrollers", "secrets",
    "serviceaccounts", "services", "services/proxy",
]  # fmt: skip
_GROUPS = ["apps", "autoscaling", "batch", "networking.k8s.io", "policy", "discovery.k8s.io"]


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


_VIEW = [_rule([""], _CORE_READABLE, _READ), _rule(_GROUPS, ["*"], _READ)]
_EDIT = [*_VIEW, _rule([""], _CORE_WRITABLE, _WRITE), _rule(_GROUPS, ["*"], _WRITE)]
_ROLES: dict[str, list[dict[str, Any]]] = {
    "cluster-admin": [
        _rule(["*"], ["*"], ["*"]),
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ],
    "admin": [*_EDIT, _rule([_RBAC], ["rolebindings", "roles"], _WRITE)],
    "edit": _EDIT,
    "view": _VIEW,
}


def furnish(verbs: Verbs, *, port: int) -> None:
    """Create what is missing of a cluster's first objects."""
    for name in _NAMESPACES:
        _ensure(verbs, "namespaces", "", name, {"apiVersion": "v1", "kind": "Namespace"})
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        _ensure(verbs, "serviceaccounts", name, "default", account)
    for name, rules in _ROLES.items():
        role = {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "rules": rules}
        _ensure(verbs, f"clusterroles.{_RBAC}", "", name, role)
    _ensure(verbs, f"clusterrolebindings.{_RBAC}", "", "cluster-admin", _admin_binding())
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": port}]
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}}
    _ensure(verbs, "services", "default", "kubernetes", service)


def _admin_binding() -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": "system:masters"}],
    }


def _ensure(verbs: Verbs, resource: str, namespace: str, name: str, body: dict[str, Any]) -> None:
    found = verbs.registry.by_name(resource)
    if verbs.storage.get(Key(found.storage_key, namespace, name)) is not None:
        return
    call = Call(resource=found, namespace=namespace, manager="kube-apiserver", validation="Ignore")
    verbs.create(call, {**body, "metadata": {"name": name}})

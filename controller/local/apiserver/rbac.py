"""May this user do that: roles and bindings, by the rules of Kubernetes' RBAC authorizer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.local.apiserver.identity import User
from controller.local.apiserver.storage import Key, Storage

_GROUP = "rbac.authorization.k8s.io"
# What the built-in roles system:discovery, system:basic-user and system:public-info-viewer allow.
_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version")
_OPEN_PATHS = ("/api", "/apis", "/openapi", *_PUBLIC_PATHS)
_SELF_REVIEWS = frozenset(
    ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody wants to do: a verb on a resource, or on a path that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


def is_allowed(user: User, action: Action, storage: Storage) -> bool:
    """Do the roles bound to a user allow an action?"""
    if user.is_admin or _is_open_to_all(user, action):
        return True
    return any(_covers(rule, action) for rule in rules_for(user, action.namespace, storage))


def _is_open_to_all(user: User, action: Action) -> bool:
    if action.path:
        paths = _OPEN_PATHS if "system:authenticated" in user.groups else _PUBLIC_PATHS
        return action.verb == "get" and any(
            action.path == path or action.path.startswith(f"{path}/") for path in paths
        )
    return action.resource in _SELF_REVIEWS and "system:authenticated" in user.groups


def rules_for(user: User, namespace: str, storage: Storage) -> Iterator[Mapping[str, Any]]:
    """Give the rules that apply to a user, everywhere and in one namespace."""
    for binding in storage.scan(f"clusterrolebindings.{_GROUP}"):
        if _binds(binding, user, ""):
            yield from _role_rules(binding["roleRef"], "", storage)
    if not namespace:
        return
    for binding in storage.scan(f"rolebindings.{_GROUP}", namespace):
        if _binds(binding, user, namespace):
            yield from _role_rules(binding["roleRef"], namespace, storage)


def _binds(binding: Mapping[str, Any], user: User, namespace: str) -> bool:
    return any(_is_subject(subject, user, namespace) for subject in binding.get("subjects", ()))


def _is_subject(subject: Mapping[str, Any], user: User, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == user.name)
        case "Group":
            return subject["name"] in user.groups
        case _:
            place = subject.get("namespace") or namespace
            return user.name == f"system:serviceaccount:{place}:{subject['name']}"


def _role_rules(
    reference: Mapping[str, Any], namespace: str, storage: Storage
) -> Iterator[Mapping[str, Any]]:
    is_cluster_role = reference["kind"] == "ClusterRole"
    plural = "clusterroles" if is_cluster_role else "roles"
    place = "" if is_cluster_role else namespace
    role = storage.get(Key(f"{plural}.{_GROUP}", place, reference["name"]))
    yield from (role or {}).get("rules") or ()


def _covers(rule: Mapping[str, Any], action: Action) -> bool:
    if not _has(rule.get("verbs", ()), action.verb):
        return False
    if action.path:
        return any(_is_path(known, action.path) for known in rule.get("nonResourceURLs", ()))
    full = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    names = rule.get("resourceNames", ())
    resources = rule.get("resources", ())
    return (
        _has(rule.get("apiGroups", ()), action.group)
        and (_has(resources, full) or f"*/{action.subresource}" in resources)
        and (not names or action.name in names)
    )


def _has(known: Any, wanted: str) -> bool:
    return "*" in known or wanted in known


def _is_path(known: str, path: str) -> bool:
    return path.startswith(known[:-1]) if known.endswith("*") else path == known


def refusal(user: User, action: Action) -> str:
    """Say what was refused, as the real server words it."""
    if action.path:
        return f'User "{user.name}" cannot {action.verb} path "{action.path}"'
    full = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    return (
        f'User "{user.name}" cannot {action.verb} resource "{full}" in API group'
        f' "{action.group}" {where}'
    )

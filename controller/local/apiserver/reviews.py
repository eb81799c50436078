"""Questions and orders that are sent as objects but not stored: tokens, reviews, bindings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.local.apiserver import decoding, errors, managed, rbac, schema
from controller.local.apiserver.calls import Call, timestamp, utc_now
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.identity import (
    DEFAULT_AUDIENCES,
    InvalidTokenError,
    Tokens,
    User,
)
from controller.local.apiserver.storage import Key, Object
from controller.local.apiserver.verbs import Verbs

_SHORTEST_S, _DEFAULT_S = 600, 3600
_AUTHENTICATION = "authentication.k8s.io"


def _decoded(call: Call, body: Any, group: str, version: str, kind: str) -> Object:
    """Read a review and record who wrote it, as the real server does for what it will forget."""
    shape = schema.published().type_of(group, version, kind)
    try:
        value = decoding.decode(body, shape)
    except decoding.DecodingError as e:
        text = f'{kind} in version "{version}" cannot be handled as a {kind}: {e}'
        raise errors.bad_request(text) from e
    api_version = f"{group}/{version}"
    manager = managed.Manager.of(
        operation=managed.UPDATE,
        name=call.manager,
        api_version=api_version,
        subresource=call.subresource,
    )
    change = managed.Change(
        kind=shape, manager=manager, api_version=api_version, now=timestamp(utc_now()),
        ignored={"f:status": {".": {}}},
    )  # fmt: skip
    owners = managed.after_update(decoding.zero(shape), value, {}, change)
    metadata = {**value["metadata"]}
    if owners:
        metadata["managedFields"] = managed.write(owners)
    return {**value, "kind": kind, "apiVersion": api_version, "metadata": metadata}


def request_token(verbs: Verbs, tokens: Tokens, call: Call, body: Any) -> Object:
    """Make a token for a service account, as a TokenRequest asks.

    Raises:
        ApiError: the account is not there, or the request makes no sense.
    """
    account = verbs.get(replace(call, subresource=""))
    value = _decoded(call, body, _AUTHENTICATION, "v1", "TokenRequest")
    spec = value["spec"]
    lifetime_s = spec.get("expirationSeconds") or _DEFAULT_S
    if lifetime_s < _SHORTEST_S:
        why = "may not specify a duration less than 10 minutes"
        cause = errors.invalid_value("spec.expirationSeconds", lifetime_s, why)
        raise errors.invalid("TokenRequest", _AUTHENTICATION, "", [cause])
    audiences = spec.get("audiences") or list(DEFAULT_AUDIENCES)
    bound = _bound(verbs, call, spec.get("boundObjectRef"))
    now = utc_now()
    token, expires = tokens.issue(
        account, audiences=audiences, lifetime_s=lifetime_s, bound=bound, now=now
    )
    metadata = {
        "name": call.name,
        "namespace": call.namespace,
        "uid": account["metadata"]["uid"],
        "creationTimestamp": timestamp(now),
    }
    if "managedFields" in value["metadata"]:
        metadata["managedFields"] = value["metadata"]["managedFields"]
    return {
        "kind": "TokenRequest",
        "apiVersion": f"{_AUTHENTICATION}/v1",
        "metadata": metadata,
        "spec": {
            "audiences": audiences,
            "expirationSeconds": lifetime_s,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": timestamp(expires)},
    }


def _bound(verbs: Verbs, call: Call, reference: Mapping[str, Any] | None) -> Object | None:
    if not reference:
        return None
    resource = verbs.registry.by_kind(
        reference.get("apiVersion") or "v1", reference.get("kind", "")
    )
    if resource is None or resource.plural not in {"pods", "secrets", "nodes"}:
        text = (
            f'cannot bind token for serviceaccount "{call.name}" to object of type'
            f" {reference.get('apiVersion', '')}, Kind={reference.get('kind', '')}"
        )
        raise errors.bad_request(text)
    place = call.namespace if resource.namespaced else ""
    found = verbs.storage.get(Key(resource.storage_key, place, reference["name"]))
    if found is None:
        raise errors.not_found(resource, reference["name"])
    uid = found["metadata"]["uid"]
    if reference.get("uid") and reference["uid"] != uid:
        cause = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in"
            " record. The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource, reference["name"], cause)
    return {**reference, "uid": uid}


def bind(verbs: Verbs, call: Call, body: Any) -> Object:
    """Put a pod onto a node, as a Binding asks.

    Raises:
        ApiError: the pod is not there or has a node already.
    """
    plain = replace(call, subresource="")
    pod = verbs.get(plain)
    node = (body.get("target") or {}).get("name")
    if not node:
        raise errors.invalid("Binding", "", call.name, [errors.required("target.name")])
    if pod["spec"].get("nodeName"):
        cause = f'pod {call.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise errors.conflict(call.resource, call.name, cause)
    others = [c for c in pod["status"].get("conditions", ()) if c["type"] != "PodScheduled"]
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(utc_now()),
        "observedGeneration": pod["metadata"].get("generation", 1),
    }
    status = {**pod["status"], "conditions": [*others, scheduled]}
    verbs.storage.put(
        plain.key, {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}
    )
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def evict(verbs: Verbs, call: Call, body: Any) -> Object:
    """Delete a pod gently, as an Eviction asks.

    Raises:
        ApiError: the pod is not there.
    """
    options = delete_options(body.get("deleteOptions") or {})
    verbs.delete(replace(call, subresource=""), options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def delete_options(body: Mapping[str, Any]) -> DeleteOptions:
    """Read the body of a deletion."""
    preconditions = body.get("preconditions") or {}
    propagation = body.get("propagationPolicy") or ""
    if not propagation and body.get("orphanDependents") is not None:
        propagation = "Orphan" if body["orphanDependents"] else "Background"
    return DeleteOptions(
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
        grace_s=body.get("gracePeriodSeconds"),
        propagation=propagation,
        dry_run=bool(body.get("dryRun")),
    )


def review(verbs: Verbs, tokens: Tokens, user: User, call: Call, body: Any) -> Object:
    """Answer one of the reviews of authentication and authorization.

    Raises:
        ApiError: the question makes no sense.
    """
    resource = call.resource
    value = _decoded(call, body, resource.group, resource.version, resource.kind)
    if resource.kind == "SelfSubjectReview":
        value["metadata"]["creationTimestamp"] = timestamp(utc_now())
    value["status"] = _REVIEWS[resource.kind](_Asked(verbs, tokens, user, value))
    return value


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: who asks, what, and what the answer is looked up in."""

    verbs: Verbs
    tokens: Tokens
    user: User
    value: Object


def _review_token(asked: _Asked) -> Object:
    spec = asked.value["spec"]
    audiences = spec.get("audiences", ())
    try:
        found = asked.tokens.user_of(spec.get("token", ""), now=utc_now(), audiences=audiences)
    except InvalidTokenError as e:
        return {"user": {}, "error": str(e)}
    return {
        "authenticated": True,
        "user": _shown(found),
        "audiences": list(found.audiences or audiences or DEFAULT_AUDIENCES),
    }


def _shown(user: User) -> Object:
    shown: Object = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        shown["uid"] = user.uid
    if user.extra:
        shown["extra"] = {name: list(values) for name, values in user.extra.items()}
    return shown


def _review_own_access(asked: _Asked) -> Object:
    return _verdict(asked.verbs, asked.user, asked.value["spec"])


def _review_access(asked: _Asked) -> Object:
    spec = asked.value["spec"]
    somebody = User(name=spec.get("user", ""), groups=tuple(spec.get("groups", ())))
    return _verdict(asked.verbs, somebody, spec)


def _verdict(verbs: Verbs, user: User, spec: Mapping[str, Any]) -> Object:
    return {"allowed": rbac.is_allowed(user, _action(spec), verbs.storage)}


def _action(spec: Mapping[str, Any]) -> rbac.Action:
    if "resourceAttributes" not in spec:
        asked = spec.get("nonResourceAttributes") or {}
        return rbac.Action(verb=asked.get("verb", ""), path=asked.get("path", ""))
    asked = spec["resourceAttributes"]
    names = ("verb", "group", "resource", "subresource", "namespace", "name")
    return rbac.Action(**{name: asked.get(name, "") for name in names})


def _review_own_rules(asked: _Asked) -> Object:
    if asked.user.is_admin:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
        return {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": False}
    namespace = asked.value["spec"].get("namespace", "")
    rules = rbac.rules_for(asked.user, namespace, asked.verbs.storage)
    listed = [rule for rule in rules if rule.get("resources")]
    return {"resourceRules": listed, "nonResourceRules": [], "incomplete": False}


def _review_self(asked: _Asked) -> Object:
    return {"userInfo": _shown(asked.user)}


_REVIEWS: dict[str, Callable[[_Asked], Object]] = {
    "LocalSubjectAccessReview": _review_access,
    "SelfSubjectAccessReview": _review_own_access,
    "SelfSubjectReview": _review_self,
    "SelfSubjectRulesReview": _review_own_rules,
    "SubjectAccessReview": _review_access,
    "TokenReview": _review_token,
}

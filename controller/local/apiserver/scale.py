"""The scale subresource: how many replicas somebody's pods have, whatever kind that is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controller.local.apiserver import errors, patches
from controller.local.apiserver.calls import Call
from controller.local.apiserver.storage import Object
from controller.local.apiserver.verbs import Verbs


def get(verbs: Verbs, call: Call) -> Object:
    """Give an object's scale.

    Raises:
        ApiError: the object is not there.
    """
    return _scale_of(call, verbs.get(call))


def patch(verbs: Verbs, call: Call, media_type: str, content: Any) -> Object:
    """Change an object's scale by a patch.

    Raises:
        ApiError: the object is not there, or the patch makes no sense.
    """
    before = _scale_of(call, verbs.get(call))
    if media_type == patches.JSON:
        try:
            wanted = patches.json_patch(before, content)
        except patches.PatchError as e:
            raise errors.bad_request(str(e)) from e
    else:
        wanted = patches.merge_patch(before, content)
    return update(verbs, call, wanted)


def update(verbs: Verbs, call: Call, body: Any) -> Object:
    """Set an object's replicas as a Scale says.

    Raises:
        ApiError: the object is not there, has changed, or the number makes no sense.
    """
    live = verbs.get(call)
    metadata = body.get("metadata") or {}
    replicas = (body.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        why = "must be greater than or equal to 0"
        cause = errors.invalid_value("spec.replicas", replicas, why)
        raise errors.invalid("Scale", "autoscaling", call.name, [cause])
    changed = _with(live, _paths(call)["specReplicasPath"], replicas)
    if version := metadata.get("resourceVersion"):
        place = {**changed["metadata"], "resourceVersion": version}
        changed = {**changed, "metadata": place}
    return _scale_of(call, verbs.update(replace(call, subresource="scale"), changed))


def _paths(call: Call) -> Mapping[str, str]:
    if call.resource.custom is not None:
        declared: Mapping[str, str] = call.resource.custom["subresources"]["scale"]
        return declared
    return {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def _at(value: Any, path: str) -> Any:
    for name in path.strip(".").split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with(value: Mapping[str, Any], path: str, item: Any) -> Object:
    name, _, rest = path.strip(".").partition(".")
    below = _with(value.get(name) or {}, rest, item) if rest else item
    return {**value, name: below}


def _scale_of(call: Call, value: Object) -> Object:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    paths = _paths(call)
    replicas = _at(value, paths["specReplicasPath"])
    status: dict[str, Any] = {"replicas": _at(value, paths["statusReplicasPath"]) or 0}
    selector = _selector(call, value)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: value["metadata"][name] for name in kept if name in value["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {**status, "selector": selector} if selector else status,
    }


def _selector(call: Call, value: Object) -> str:
    if call.resource.custom is not None:
        path = _paths(call).get("labelSelectorPath", "")
        return str(_at(value, path) or "") if path else ""
    selector = value["spec"].get("selector") or {}
    if call.resource.kind == "ReplicationController":
        selector = {"matchLabels": selector}
    parts = [f"{name}={text}" for name, text in sorted(selector.get("matchLabels", {}).items())]
    return ",".join([*parts, *map(_expression, selector.get("matchExpressions", ()))])


def _expression(expression: Mapping[str, Any]) -> str:
    key, values = expression["key"], ",".join(sorted(expression.get("values", ())))
    match expression["operator"]:
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
        case operator:
            return f"{key} {operator.lower()} ({values})"

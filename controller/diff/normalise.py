"""What does not count when two states of an object are compared.

The rules of gitops-engine's `pkg/diff` and Flux's `normalize`, for server-side apply: what the
server adds, what says nothing, and the two spellings of a Secret.
"""

import base64
from collections.abc import Mapping
from typing import Any

from controller.objects import Manifest
from controller.objects.masking import LAST_APPLIED
from controller.objects.metadata import REVISION

_SERVER_METADATA = frozenset({
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
    "managedFields", "resourceVersion", "selfLink", "uid",
})  # fmt: skip
UNCOMPARED_ANNOTATIONS = frozenset({
    REVISION, LAST_APPLIED, "deployment.kubernetes.io/revision",
})  # fmt: skip


def normalised(manifest: Manifest) -> dict[str, Any]:
    """Give the object without the server's own parts, a Secret's values all under `data`."""
    kept = {name: value for name, value in manifest.items() if name != "status"}
    kept["metadata"] = _metadata(manifest.get("metadata") or {})
    return with_data_only(kept) if is_secret(manifest) else kept


def with_data_only(secret: Manifest) -> dict[str, Any]:
    """Give a Secret with its values in one spelling: all under `data`."""
    kept = {name: value for name, value in secret.items() if name != "stringData"}
    return {**kept, "data": _secret_data(secret)}


def fields_normalised(manifest: Manifest, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give owned fields (fieldsV1) in the spelling of `normalised`.

    An applied `stringData` is owned under that name although the server keeps it under `data`.
    """
    if not is_secret(manifest) or "f:stringData" not in fields:
        return fields
    data = {**(fields.get("f:data") or {}), **fields["f:stringData"]}
    return {**{k: v for k, v in fields.items() if k != "f:stringData"}, "f:data": data}


def is_secret(manifest: Manifest) -> bool:
    """Tell whether this is a core Secret."""
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1"


def is_nothing(value: Any) -> bool:
    """Tell whether a value says the same as its absence: null, `{}`, `[]`, and the like inside."""
    if isinstance(value, Mapping):
        return all(is_nothing(inner) for inner in value.values())
    return value is None or value == []


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in metadata.items() if name not in _SERVER_METADATA}
    annotations = kept.get("annotations")
    if annotations and not UNCOMPARED_ANNOTATIONS.isdisjoint(annotations):
        left = {k: v for k, v in annotations.items() if k not in UNCOMPARED_ANNOTATIONS}
        del kept["annotations"]
        return {**kept, "annotations": left} if left else kept
    return kept


def _secret_data(manifest: Manifest) -> dict[str, Any]:
    data = dict(manifest.get("data") or {})
    for name, value in (manifest.get("stringData") or {}).items():
        data[name] = base64.b64encode(str(value).encode()).decode()
    return {name: "" if value is None else value for name, value in data.items()}

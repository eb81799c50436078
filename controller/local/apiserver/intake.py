"""What a client sent, as an object of its kind: decoded, defaulted, patched, checked for its place.

The counterpart of the codecs and the patch handlers of k8s.io/apiserver; nothing here looks at the
storage.
"""

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from controller.local.apiserver import (
    custom,
    decoding,
    defaults,
    envelope,
    errors,
    merge,
    patches,
    schema,
)
from controller.local.apiserver.calls import Call
from controller.local.apiserver.resources import Registry, Resource
from controller.local.apiserver.storage import Object


def decoded(call: Call, body: Mapping[str, Any], kind: schema.Type) -> Object:
    """Read, prune and default an object; tell the client of fields that nobody knows.

    Raises:
        ApiError: the body does not fit the kind.
    """
    resource, report = call.resource, decoding.Report()
    try:
        if resource.custom is not None:
            value = custom.decode(body, kind, report)
        else:
            value = decoding.decode(body, kind, report)
    except decoding.DecodingError as e:
        raise errors.UndecodableError(resource, str(e)) from e
    _tell_unknown(call, report)
    value = {"kind": resource.kind, "apiVersion": resource.api_version, **value}
    value["kind"], value["apiVersion"] = resource.kind, resource.api_version
    _convert_secret(resource, value)
    if resource.custom is None:
        defaults.apply(resource.group, resource.kind, value)
    return value


def _tell_unknown(call: Call, report: decoding.Report) -> None:
    found = [*(f'duplicate field "{path}"' for path in call.duplicates), *report.warnings]
    if not found or call.validation == "Ignore":
        return
    if call.validation == "Strict":
        cause = f"strict decoding error: {', '.join(found)}"
        raise errors.UndecodableError(call.resource, cause)
    call.warnings.extend(found)


def _convert_secret(resource: Resource, value: Object) -> None:
    """Write `stringData` into `data`, as the conversion to the internal type does."""
    given = value.pop("stringData", None) if resource.storage_key == "secrets" else None
    if given:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in given.items()}
        value["data"] = {**value.get("data", {}), **encoded}


def place(call: Call, value: Object) -> None:
    """Check that name and namespace in the object agree with the path; complete them.

    Raises:
        ApiError: they do not agree.
    """
    metadata = value["metadata"]
    if call.resource.namespaced:
        namespace = metadata.setdefault("namespace", call.namespace)
        if namespace != call.namespace:
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the"
                " request"
            )
    else:
        metadata.pop("namespace", None)
    if call.name:
        name = metadata.setdefault("name", call.name)
        if name != call.name:
            raise errors.bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({call.name})"
            )


def patched(media_type: str, live: Object, patch: Any, kind: schema.Type) -> Any:
    """Give an object with a patch of one of the formats, but for server-side apply.

    Raises:
        ApiError: the patch is wrong, or does not fit the object.
    """
    try:
        if media_type == patches.JSON:
            return patches.json_patch(live, patch)
        try:
            patches.check_object(patch)
        except patches.MalformedPatchError as e:
            prefix = "error decoding patch: " if media_type == patches.MERGE else ""
            raise errors.bad_request(f"{prefix}{e}") from e
        if media_type == patches.MERGE:
            return patches.merge_patch(live, patch)
        return patches.strategic_patch(live, patch, kind)
    except patches.MalformedPatchError as e:
        raise errors.bad_request(str(e)) from e
    except patches.UnknownDirectiveError as e:
        raise errors.internal(str(e)) from e
    except patches.PatchError as e:
        message = "the server rejected our request due to an error in our request"
        raise errors.ApiError(422, "Invalid", message, details={}) from e


def invalid_patch(shown: Any, cause: str) -> errors.ApiError:
    """Refuse a patch that makes an object which does not fit its kind."""
    text = shown if isinstance(shown, str) else orjson.dumps(shown).decode()
    return errors.invalid("", "", "", [errors.invalid_value("patch", text, cause)])


def check_applied(call: Call, applied: Any, kind: schema.Type, registry: Registry) -> None:
    """Check what is applied server-side.

    Raises:
        ApiError: it is no object of the kind.
    """
    if not isinstance(applied, Mapping):
        raise errors.bad_request("error decoding YAML: the body is not an object")
    _check_applied_envelope(call, applied, registry)
    found = list(merge.faults(applied, kind))
    if found:
        text = found[0] if len(found) == 1 else "\n  ".join(["errors:", *found])
        metadata = applied.get("metadata") or {}
        who = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        version = f"{call.resource.group}/{call.resource.version}"
        raise errors.internal(
            f"failed to create typed patch object ({who}; {version},"
            f" Kind={call.resource.kind}): {text}"
        )


def _check_applied_envelope(call: Call, applied: Mapping[str, Any], registry: Registry) -> None:
    version = applied.get("apiVersion") or ""
    if version != call.resource.api_version:
        raise errors.bad_request(
            f"Incorrect version specified in apply patch. Specified patch version: {version},"
            f" expected: {call.resource.api_version}"
        )
    if applied.get("kind") != call.resource.kind:
        envelope.check(call, applied, registry)
    if (applied.get("metadata") or {}).get("managedFields") is not None:
        raise errors.bad_request("metadata.managedFields must be nil")

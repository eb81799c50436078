"""The server's refusals, with the bodies that a Kubernetes API server writes for them.

The wording follows k8s.io/apimachinery `pkg/api/errors` and `util/validation/field`; clients match
on `reason`, people read `message`, and the recorded transcripts hold both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controller.local.apiserver.resources import Resource


class ApiError(Exception):
    """A request that is answered with a Status of failure."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata

    @property
    def status(self) -> dict[str, Any]:
        """The body of the answer."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata or {}),
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = dict(self.details)
        return {**body, "code": self.code}


class UndecodableError(ApiError):
    """The object in a body does not fit its kind; a patch reports the cause in its own way."""

    def __init__(self, resource: Resource, cause: str) -> None:
        kind = resource.kind
        text = f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {cause}'
        super().__init__(400, "BadRequest", text)
        self.cause = cause


class NoSuchPathError(Exception):
    """Nothing is served under this path: answered with plain text, as the real server does."""


def _named(resource: Resource, name: str) -> dict[str, Any]:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {part: text for part, text in details.items() if text}


def _of_kind(resource: Resource, name: str) -> dict[str, Any]:
    return {**_named(resource, name), "kind": resource.kind}


def not_found(resource: Resource, name: str) -> ApiError:
    """Refuse because the object is not there."""
    message = f'{resource.qualified} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_named(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    """Refuse to create what is there."""
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_named(resource, name))


def modified(resource: Resource, name: str) -> ApiError:
    """Refuse a change that was made from an older version of the object."""
    cause = (
        "the object has been modified; please apply your changes to the latest version"
        " and try again"
    )
    return conflict(resource, name, cause)


def conflict(resource: Resource, name: str, cause: str) -> ApiError:
    """Refuse a change that does not fit the object's present state."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {cause}'
    return ApiError(409, "Conflict", message, details=_named(resource, name))


def precondition(resource: Resource, name: str, cause: str) -> ApiError:
    """Refuse a deletion whose precondition does not hold; names the kind, not the plural."""
    message = f'Operation cannot be fulfilled on {resource.qualified_kind} "{name}": {cause}'
    return ApiError(409, "Conflict", message, details=_of_kind(resource, name))


def bad_request(message: str) -> ApiError:
    """Refuse what cannot be understood."""
    return ApiError(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, cause: str) -> ApiError:
    """Refuse what the user may not do, or what the object's state forbids."""
    who = f'{resource.qualified} "{name}"' if name else resource.qualified
    return ApiError(
        403, "Forbidden", f"{who} is forbidden: {cause}", details=_named(resource, name)
    )


def unauthorized() -> ApiError:
    """Refuse a request whose sender is unknown."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """Refuse a verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def not_here(what: str) -> ApiError:
    """Refuse what only a real cluster does."""
    return ApiError(501, "NotImplemented", f"The local cluster has no {what}.")


def unsupported_media(accepted: Sequence[str]) -> ApiError:
    """Refuse a body format, naming those that would do."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
    )
    return ApiError(415, "UnsupportedMediaType", message)


def expired(message: str, *, token: str = "") -> ApiError:
    """Refuse to continue from a version that is no longer remembered.

    Args:
        message: why.
        token: continues all the same, with objects as they are by now.
    """
    return ApiError(410, "Expired", message, metadata={"continue": token} if token else None)


def too_large_version(asked: int, current: int) -> ApiError:
    """Refuse to answer as of a version that there has not been yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Too large resource version: {asked}, current: {current}"
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return ApiError(504, "Timeout", message, details=details)


def internal(message: str) -> ApiError:
    """Refuse as the real server does where an untyped error reaches its surface."""
    return ApiError(500, "", message)


@dataclass(frozen=True, slots=True)
class Cause:
    """One finding of validation: its kind, the field, and the text without the field."""

    reason: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


def shown(value: Any) -> str:
    """Write a value as Go's validation messages do: strings quoted, objects as JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def invalid_value(field: str, value: Any, why: str) -> Cause:
    """Find fault with a value."""
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {why}")


def required(field: str, why: str = "") -> Cause:
    """Miss a field."""
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def not_supported(field: str, value: Any, supported: Sequence[Any]) -> Cause:
    """Find a value outside an enumeration."""
    allowed = ", ".join(shown(item) for item in supported)
    text = f"Unsupported value: {shown(value)}: supported values: {allowed}"
    return Cause("FieldValueNotSupported", field, text)


def not_found_value(field: str, value: Any) -> Cause:
    """Miss what a value names."""
    return Cause("FieldValueNotFound", field, f"Not found: {shown(value)}")


def duplicate(field: str, value: Any) -> Cause:
    """Find a value twice where it may be there once."""
    return Cause("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")


def too_long(field: str, limit_bytes: int) -> Cause:
    """Find a text over its limit; the text itself is not repeated."""
    return Cause("FieldValueTooLong", field, f"Too long: may not be more than {limit_bytes} bytes")


def forbidden_field(field: str, why: str) -> Cause:
    """Find a field that may not be set or changed."""
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


def type_invalid(field: str, value: Any, why: str) -> Cause:
    """Find a value of the wrong type."""
    return Cause("FieldValueTypeInvalid", field, f"Invalid value: {shown(value)}: {why}")


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """Refuse an object for the faults found in it."""
    qualified = f"{kind}.{group}" if group else kind
    listed = list(dict.fromkeys(str(cause) for cause in causes))
    text = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    named = {"name": name, "group": group, "kind": kind}
    details: dict[str, Any] = {part: text for part, text in named.items() if text}
    details["causes"] = [
        {"reason": cause.reason, "message": cause.text, "field": cause.field} for cause in causes
    ]
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details=details)


def invalid_object(
    resource: Resource, value: Mapping[str, Any], causes: Sequence[Cause]
) -> ApiError:
    """Refuse an object of this resource for the faults found in it."""
    return invalid(resource.kind, resource.group, value["metadata"].get("name", ""), causes)

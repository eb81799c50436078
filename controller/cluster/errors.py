"""What a Kubernetes API's refusals mean here: translated once, from the Status it answers with.

A server's message may quote the value it refuses, so for Secrets only field names and reasons are
passed on (Argo CD put Secret values into error texts: CVE-2025-23216).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from controller.errors import PermanentError, RosterError, TransientError

_LONGEST_MESSAGE = 1000
_MANAGER = re.compile(r'conflict with "([^"]*)"')
_IMMUTABLE = re.compile(
    r"immutable|updates to statefulset spec|may not (be )?change", re.IGNORECASE
)
"""How the API server says that a field cannot change; there is no reason code for it."""
_UNTYPED = "failed to create typed patch object"
"""Start of the 500 that a real API server answers to an applied object that breaks the schema."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that another field manager owns."""

    manager: str
    field: str

    def __str__(self) -> str:
        return f"{self.field} belongs to {self.manager!r}"


class NotFoundError(PermanentError):
    """The object, or the namespace it should go to, does not exist."""


class UnknownKindError(NotFoundError):
    """The cluster serves no such kind: its CustomResourceDefinition is missing."""


class ConflictError(PermanentError):
    """Fields belong to other managers, the object exists, or it is not the one that was meant."""

    def __init__(
        self, message: str, *, remedy: str = "", conflicts: tuple[FieldConflict, ...] = ()
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.conflicts = conflicts


class ForbiddenError(PermanentError):
    """The cluster knows us not, or does not let us."""


class InvalidError(PermanentError):
    """The object breaks the schema or a rule of the API server."""


class ImmutableError(InvalidError):
    """A field would have to change that cannot; only another object can have the new value."""


class GoneError(TransientError):
    """The resource version is too old to go on from: list again."""


class UnavailableError(TransientError):
    """The API server cannot be reached, or is too busy or too broken to answer."""


class UnreachableError(UnavailableError):
    """There was no answer at all, so that asking for the next object is in vain too."""


_CORRECT = "Correct the definition."
_RECREATE = (
    "Leave the field as it is, or have the object deleted and made anew: annotate it with "
    "roster.dev/sync-options: Force=true."
)
_PERMANENT: Mapping[int, tuple[type[PermanentError], str]] = {
    401: (ForbiddenError, "Sign in to the cluster again."),
    403: (ForbiddenError, "Grant the missing permission to Roster."),
    404: (NotFoundError, "Create what is missing first."),
    **dict.fromkeys((400, 405, 406, 413, 415, 422), (InvalidError, _CORRECT)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer other than success, with what was asked for."""

    action: str
    """What was tried, as `apply apps/Deployment agents/one`."""
    status: int
    body: bytes
    is_secret: bool = False
    retry_after: str | None = None


def translate(refusal: Refusal) -> RosterError:
    """Give the error that stands for an answer of the API server."""
    details = _status_of(refusal.body)
    message = f"Cannot {refusal.action}: {_text(refusal, details)}."
    if refusal.status == 409:
        return _conflict(message, details)
    if refusal.status == 410:
        return GoneError(message)
    if refusal.status == 422 and _IMMUTABLE.search(str(details.get("message", ""))):
        return ImmutableError(message, remedy=_RECREATE)
    if refusal.status in _PERMANENT:
        kind, remedy = _PERMANENT[refusal.status]
        return kind(message, remedy=remedy)
    if _UNTYPED in str(details.get("message", "")):
        return InvalidError(message, remedy=_CORRECT)
    return UnavailableError(message, retry_after_s=_seconds(refusal.retry_after))


def unreachable(action: str, error: Exception) -> UnreachableError:
    """Give the error for a request that got no answer."""
    return UnreachableError(
        f"Cannot {action}: the cluster's API cannot be reached ({_cause(error)}).",
        remedy="Check that the cluster runs and that the kubeconfig names its address.",
    )


def _cause(error: Exception) -> str:
    """Give what lies at the bottom: the libraries between repeat it in their own words."""
    reason: BaseException = getattr(error, "reason", None) or error
    while not isinstance(reason, OSError) and reason.__cause__ is not None:
        reason = reason.__cause__
    if isinstance(reason, OSError) and reason.strerror:
        return _shortened(reason.strerror)
    return f"{type(reason).__name__}: {_shortened(str(reason))}"


def _status_of(body: bytes) -> Mapping[str, Any]:
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return status if isinstance(status, dict) and status.get("kind") == "Status" else {}


def _text(refusal: Refusal, details: Mapping[str, Any]) -> str:
    reason = details.get("reason") or f"status {refusal.status}"
    if refusal.is_secret:
        return "; ".join([str(reason), *_fields(details)])
    message = details.get("message") or refusal.body.decode(errors="replace").strip()
    return _shortened(str(message or reason)).rstrip(".")


def _fields(details: Mapping[str, Any]) -> list[str]:
    causes = (details.get("details") or {}).get("causes") or []
    return [f"{cause.get('field')}: {cause.get('reason')}" for cause in causes]


def _conflict(message: str, details: Mapping[str, Any]) -> ConflictError:
    causes = (details.get("details") or {}).get("causes") or []
    conflicts = tuple(
        FieldConflict(_manager(str(cause.get("message", ""))), str(cause.get("field", "")))
        for cause in causes
        if cause.get("reason") == "FieldManagerConflict"
    )
    return ConflictError(message, conflicts=conflicts)


def _manager(message: str) -> str:
    found = _MANAGER.search(message)
    return found.group(1) if found else ""


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header; a date in it is rare enough to be left to the caller's backoff."""
    try:
        return float(retry_after) if retry_after else None
    except ValueError:
        return None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"

"""Checks what a request says beside its object: query parameters and the body of a deletion.

The rules are those of k8s.io/apimachinery `pkg/apis/meta/v1/validation` and `internalversion`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.local.apiserver import errors, patches, requests, reviews
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.requests import Request

_GROUP = "meta.k8s.io"
_KINDS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
_DIRECTIVES = ("", "Ignore", "Strict", "Warn")
_PROPAGATIONS = ("Foreground", "Background", "Orphan")
_LONGEST_MANAGER_BYTES = 128
_EXACT, _NOT_OLDER = "Exact", "NotOlderThan"


def check_write(request: Request) -> None:
    """Check the options of a create, update, patch or delete.

    Raises:
        ApiError: one makes no sense.
    """
    _refuse(_KINDS.get(request.method, "DeleteOptions"), _of_write(request))


def _of_write(request: Request) -> Iterator[Cause]:
    yield from _dry_run(request.query.get("dryRun", ()))
    manager = request.first("fieldManager")
    if len(manager.encode()) > _LONGEST_MANAGER_BYTES:
        yield errors.too_long("fieldManager", _LONGEST_MANAGER_BYTES)
    if not manager.isprintable():
        why = "should only contain printable characters"
        yield errors.invalid_value("fieldManager", manager, why)
    directive = request.first("fieldValidation")
    if directive not in _DIRECTIVES:
        yield errors.not_supported("fieldValidation", directive, _DIRECTIVES)
    if request.method == "PATCH":
        yield from _of_patch(request)


def _dry_run(values: Any) -> Iterator[Cause]:
    if any(value != "All" for value in values):
        yield errors.not_supported("dryRun", list(values), ["All"])


def _of_patch(request: Request) -> Iterator[Cause]:
    is_apply = request.content_type == patches.APPLY
    if is_apply and not request.first("fieldManager"):
        yield errors.required("fieldManager", "is required for apply patch")
    if not is_apply and request.first("force"):
        yield errors.forbidden_field("force", "may not be specified for non-apply patch")


def check_list(request: Request) -> None:
    """Check the options of a list or a watch.

    Raises:
        ApiError: one makes no sense, or they contradict each other.
    """
    request.number("timeoutSeconds")
    version = request.first("resourceVersion")
    if version and not version.isdigit():
        raise errors.bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{version}":'
            f' strconv.ParseUint: parsing "{version}": invalid syntax'
        )
    found = _of_watch(request) if request.flag("watch") else _of_list(request)
    _refuse("ListOptions", found)
    if request.first("continue") and version not in {"", "0"}:
        text = "specifying resource version is not allowed when using continue"
        raise errors.bad_request(text)


def _of_list(request: Request) -> Iterator[Cause]:
    place = "resourceVersionMatch"
    match, version = request.first(place), request.first("resourceVersion")
    if match and not version:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        yield errors.forbidden_field(place, why)
    yield from _not_continued(request)
    if match not in {"", _EXACT, _NOT_OLDER}:
        yield errors.not_supported(place, match, [_EXACT, _NOT_OLDER, ""])
    if match == _EXACT and version == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        yield errors.forbidden_field(place, why)
    if "sendInitialEvents" in request.query:
        why = "sendInitialEvents is forbidden for list"
        yield errors.forbidden_field("sendInitialEvents", why)


def _of_watch(request: Request) -> Iterator[Cause]:
    place = "resourceVersionMatch"
    match, initial = request.first(place), "sendInitialEvents" in request.query
    if initial and match != _NOT_OLDER:
        why = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        yield errors.forbidden_field(place, why)
    if match and not initial:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        yield errors.forbidden_field(place, why)
    if match not in {"", _NOT_OLDER}:
        yield errors.not_supported(place, match, [_NOT_OLDER])
    yield from _not_continued(request)


def _not_continued(request: Request) -> Iterator[Cause]:
    if request.first("resourceVersionMatch") and request.first("continue"):
        why = "resourceVersionMatch is forbidden when continue is provided"
        yield errors.forbidden_field("resourceVersionMatch", why)


def of_deletion(request: Request) -> DeleteOptions:
    """Read how an object is to be deleted, from the body and the query.

    Raises:
        ApiError: that makes no sense.
    """
    body = requests.body_of(request, "DeleteOptions") if request.body else {}
    said: Mapping[str, Any] = body if isinstance(body, dict) else {}
    propagation = request.first("propagationPolicy")
    _refuse("DeleteOptions", _of_delete_body(said, propagation))
    options = reviews.delete_options(said)
    grace = request.number("gracePeriodSeconds")
    if propagation:
        options = replace(options, propagation=propagation)
    return options if grace is None else replace(options, grace_s=grace)


def _of_delete_body(body: Mapping[str, Any], given: str) -> Iterator[Cause]:
    place = "propagationPolicy"
    propagation = given or body.get(place)
    if body.get("orphanDependents") is not None and propagation is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        yield errors.invalid_value(place, propagation, why)
    if propagation and propagation not in _PROPAGATIONS:
        yield errors.not_supported(place, propagation, [*_PROPAGATIONS, "nil"])
    yield from _dry_run(body.get("dryRun") or ())


def _refuse(kind: str, found: Iterator[Cause]) -> None:
    if causes := list(found):
        raise errors.invalid(kind, _GROUP, "", causes)

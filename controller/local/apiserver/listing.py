"""Lists and watches: which objects are asked for, in pieces or as a stream of events."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controller.local.apiserver import conversion, errors, gojson, options, printing, selectors
from controller.local.apiserver.calls import Call, utc_now
from controller.local.apiserver.requests import Request
from controller.local.apiserver.resources import Resource
from controller.local.apiserver.storage import Object, Storage, TooOldError
from controller.local.apiserver.watching import Event, Watch

_AS_IT_IS = -1
"""In place of a version in a token: go on with the objects as they are now."""
_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105 -- the format of continue tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list or watch is to contain."""

    matches: Callable[[Mapping[str, Any]], bool]
    is_selective: bool
    limit: int
    after: tuple[str, str] | None
    version: int | None
    """The version that a continued list began with, or that is asked for exactly."""
    least: int
    """The version that the answer must not be older than."""


@dataclass(frozen=True, slots=True)
class Found:
    """Objects of a list and the list's own metadata."""

    items: Sequence[Object]
    metadata: Mapping[str, Any]


def asked(request: Request, call: Call) -> Asked:
    """Read what a request asks for.

    Raises:
        ApiError: a selector or token makes no sense.
    """
    labels, fields = request.first("labelSelector"), request.first("fieldSelector")
    options.check_list(request)
    requirements = selectors.parse_labels(labels)
    conditions = selectors.parse_fields(fields, call.resource)
    if call.name:
        conditions.append(("metadata.name", True, call.name))
    matches_fields = selectors.field_matcher(conditions)

    def matches(value: Mapping[str, Any]) -> bool:
        return selectors.matches_labels(requirements, value) and matches_fields(value)

    after, version = _continued(request.first("continue"))
    if request.first("resourceVersionMatch") == "Exact":
        version = request.number("resourceVersion")
    return Asked(
        matches=matches,
        is_selective=bool(labels or fields),
        limit=request.number("limit") or 0,
        after=after,
        version=version,
        least=0 if request.flag("watch") else request.number("resourceVersion") or 0,
    )


def _continued(token: str) -> tuple[tuple[str, str] | None, int | None]:
    if not token:
        return None, None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise _bad_token("illegal base64 data at input byte 0") from None
    try:
        said = orjson.loads(text)
        start, version = str(said["start"]), int(said["rv"])
    except orjson.JSONDecodeError:
        raise _bad_token(gojson.fault(text.decode("latin-1"))) from None
    except (ValueError, KeyError, TypeError):
        raise _bad_token("incorrect encoded start resourceVersion 0") from None
    namespace, _, name = start.rpartition("/")
    return (namespace, name), None if version == _AS_IT_IS else version


def _bad_token(cause: str) -> errors.ApiError:
    return errors.bad_request(f"invalid continue token: continue key is not valid: {cause}")


def _place(value: Object) -> tuple[str, str]:
    return value["metadata"].get("namespace", ""), value["metadata"]["name"]


def _token(version: int, last: tuple[str, str]) -> str:
    said = orjson.dumps({"v": _TOKEN_VERSION, "rv": version, "start": "/".join(last)})
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def collect(storage: Storage, call: Call, wanted: Asked) -> Found:
    """Give the objects that were asked for, or the next piece of them.

    Every piece of a list is of the version that the first was of, whatever happened meanwhile.

    Raises:
        ApiError: the list that is to be continued began too long ago.
    """
    version = storage.version if wanted.version is None else wanted.version
    if max(wanted.least, version) > storage.version:
        raise errors.too_large_version(max(wanted.least, version), storage.version)
    items: list[Object] = []
    remaining = 0
    for value in _objects(storage, call, wanted):
        if not wanted.matches(value):
            continue
        if wanted.limit and len(items) == wanted.limit:
            remaining += 1
            if wanted.is_selective:
                break
        else:
            items.append(conversion.view(value, call.resource))
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if remaining:
        metadata["continue"] = _token(version, _place(items[-1]))
        if not wanted.is_selective:
            metadata["remainingItemCount"] = remaining
    return Found(items, metadata)


def _objects(storage: Storage, call: Call, wanted: Asked) -> Iterator[Object]:
    key, namespace = call.resource.storage_key, call.namespace or None
    if wanted.version is None or wanted.version == storage.version:
        yield from storage.scan(key, namespace, after=wanted.after)
        return
    try:
        for value in storage.scan_as_of(key, wanted.version, namespace):
            if wanted.after is None or _place(value) > wanted.after:
                yield value
    except TooOldError:
        raise _too_old(wanted.after) from None


def _too_old(after: tuple[str, str] | None) -> errors.ApiError:
    if after is None:
        return errors.expired("The resourceVersion for the provided list is too old.")
    return errors.expired(
        "The provided continue parameter is too old to display a consistent list result. You can"
        " start a new list without the continue parameter, or use the continue token in this"
        " response to retrieve the remainder of the results. Continuing with the provided token"
        " results in an inconsistent list - objects that were created, modified, or deleted"
        " between the time the first chunk was returned and now may show up in the list.",
        token=_token(_AS_IT_IS, after),
    )


def document(resource: Resource, found: Found) -> dict[str, Any]:
    """Give a list as the answer's body; items of built-in kinds do not repeat their kind."""
    if resource.custom is not None:
        return {
            "apiVersion": resource.api_version,
            "items": list(found.items),
            "kind": resource.list_kind,
            "metadata": {"continue": "", **found.metadata},
        }
    bare = [
        {name: part for name, part in value.items() if name not in {"kind", "apiVersion"}}
        for value in found.items
    ]
    return {
        "kind": resource.list_kind,
        "apiVersion": resource.api_version,
        "metadata": found.metadata,
        "items": bare,
    }


class Stream:
    """One watch as lines to send: the past from a version on, then what happens."""

    def __init__(self, storage: Storage, request: Request, call: Call, shape: str) -> None:
        """Begin to listen.

        Raises:
            ApiError: what is asked for makes no sense.
        """
        self._storage = storage
        self._call = call
        self._asked = asked(request, call)
        self._shape = shape
        self._columns = request.first("includeObject", "Metadata")
        self._tells_columns = True
        self._wants_bookmarks = request.flag("allowWatchBookmarks")
        self._initial = request.first("sendInitialEvents").lower() == "true"
        self._version = request.number("resourceVersion") or 0
        self._told = 0
        self.is_over = False
        namespace = call.namespace or None
        key = call.resource.storage_key
        self._watch = Watch(storage, key, namespace, self._asked.matches)

    def close(self) -> None:
        """Stop listening."""
        self._watch.close()

    async def wait(self) -> None:
        """Wait for the next event."""
        await self._watch.wait(None)

    def beginning(self) -> list[bytes]:
        """Give the lines that bring the watcher up to now."""
        if self._version == 0 or self._initial:
            return self._state()
        try:
            missed = self._storage.changes_since(self._call.resource.storage_key, self._version)
        except TooOldError as e:
            self.is_over = True
            text = f"too old resource version: {self._version} ({e.oldest})"
            return [_line("ERROR", errors.expired(text).status)]
        self._watch.catch_up(missed)
        return self.lines()

    def _state(self) -> list[bytes]:
        version = self._storage.version
        found = collect(self._storage, self._call, self._asked)
        lines = [self._event("ADDED", value) for value in found.items]
        if self._initial and self._wants_bookmarks:
            lines.append(self._mark(version, {"k8s.io/initial-events-end": "true"}))
        return lines

    def lines(self) -> list[bytes]:
        """Give the lines for what has happened since the last time."""
        events = self._watch.take()
        if self._watch.overrun:
            self.is_over = True
            return [_line("ERROR", errors.expired("too many changes at once").status)]
        return [self._told_line(event) for event in events]

    def _told_line(self, event: Event) -> bytes:
        self._told = event.version
        return self._event(event.type, conversion.view(event.value, self._call.resource))

    def _event(self, kind: str, value: Object) -> bytes:
        return _line(kind, self._shaped(value))

    def _shaped(self, value: Object) -> Any:
        if self._shape == "Table":
            metadata = {"resourceVersion": value["metadata"]["resourceVersion"]}
            made = printing.table(self._call.resource, [value], metadata, self._columns, utc_now())
            if not self._tells_columns:
                made["columnDefinitions"] = None
            self._tells_columns = False
            return made
        return printing.metadata_only(value) if self._shape else value

    def bookmark(self) -> list[bytes]:
        """Give the line that tells how far the watcher has come, if it wants that."""
        if not self._wants_bookmarks or self._storage.version == self._told:
            return []
        self._told = self._storage.version
        return [self._mark(self._told, {})]

    def _mark(self, version: int, annotations: Mapping[str, str]) -> bytes:
        resource = self._call.resource
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if annotations:
            metadata["annotations"] = annotations
        envelope = {"kind": resource.kind, "apiVersion": resource.api_version}
        if self._shape:
            envelope = printing.envelope("PartialObjectMetadata")
        return _line("BOOKMARK", {**envelope, "metadata": metadata})


def _line(kind: str, value: Any) -> bytes:
    return orjson.dumps({"type": kind, "object": value}, option=orjson.OPT_APPEND_NEWLINE)

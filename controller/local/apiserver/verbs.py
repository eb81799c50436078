"""Carries requests out: what create, update, patch, apply and delete do to an object.

One request is one synchronous call in the event loop's thread, so that nothing comes between
reading an object and writing it. The order of the steps is the real server's: decode and default,
ownership, what the server adds, validation, storage.
"""

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from controller.local.apiserver import (
    conversion,
    custom,
    decoding,
    defaults,
    deletion,
    envelope,
    errors,
    gotext,
    kinds,
    managed,
    merge,
    patches,
    rules,
    schema,
)
from controller.local.apiserver.calls import Call, timestamp, utc_now
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.resources import Registry, Resource
from controller.local.apiserver.storage import Key, Object, Storage
from controller.local.apiserver.validation import checks

_SYSTEM_FIELDS = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "resourceVersion", "selfLink",
)  # fmt: skip
_LASTING = frozenset(["default", "kube-public", "kube-system"])


class Verbs:
    """The API's verbs over a storage."""

    def __init__(
        self, storage: Storage, registry: Registry, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.storage = storage
        self.registry = registry
        self._now = now
        self._types: dict[tuple[str, str, str], schema.Type] = {}
        self._types_of = -1

    def type_of(self, resource: Resource) -> schema.Type:
        """Give the type of a resource's objects."""
        if self._types_of != self.registry.generation:
            self._types, self._types_of = {}, self.registry.generation
        identity = (resource.group, resource.version, resource.kind)
        if identity not in self._types:
            self._types[identity] = _type_of(resource)
        return self._types[identity]

    # Reading

    def get(self, call: Call) -> Object:
        """Give an object.

        Raises:
            ApiError: it is not there.
        """
        return conversion.view(self._live(call), call.resource)

    def _live(self, call: Call) -> Object:
        found = self.storage.get(call.key)
        if found is None:
            raise errors.not_found(call.resource, call.name)
        return found

    # Creating

    def create(self, call: Call, body: Any) -> Object:
        """Create an object from what a client sent.

        Raises:
            ApiError: the object may not be created so.
        """
        envelope.check(call, body, self.registry)
        value = self._decoded(call, body)
        self._place(call, value)
        metadata = value["metadata"]
        if metadata.get("resourceVersion"):
            raise errors.internal("resourceVersion should not be set on objects to be created")
        owners = self._owners_after_update(call, self._blank(call.resource), value, {})
        return self._created(call, value, owners)

    def _blank(self, resource: Resource) -> Object:
        kind = self.type_of(resource)
        return {} if resource.custom is not None else decoding.zero(kind)

    def _created(self, call: Call, value: Object, owners: managed.Managers) -> Object:
        self._check_namespace(call)
        metadata = value["metadata"]
        for name in _SYSTEM_FIELDS:
            metadata.pop(name, None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName'][:58]}{kinds.suffix()}"
            if call.resource.storage_key == "namespaces":
                defaults.apply("", "Namespace", value)
        if not metadata.get("name"):
            raise self._invalid(call, value, [_NAME_REQUIRED])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = timestamp(self._now())
        _set_owners(metadata, owners)
        value = conversion.to_storage(value, call.resource)
        kinds.prepare_create(call.resource, value, self.storage)
        self._validate(call, value, None)
        key = Key(call.resource.storage_key, call.namespace, metadata["name"])
        if self.storage.get(key) is not None:
            raise errors.already_exists(call.resource, metadata["name"])
        stored = value if call.dry_run else self.storage.put(key, value)
        return conversion.view(stored, call.resource)

    def _check_namespace(self, call: Call) -> None:
        if not call.resource.namespaced:
            return
        found = self.storage.get(Key("namespaces", "", call.namespace))
        if found is None:
            raise errors.not_found(self.registry.by_name("namespaces"), call.namespace)
        if "deletionTimestamp" in found["metadata"]:
            raise _terminating(call)

    # Changing

    def update(self, call: Call, body: Any) -> Object:
        """Replace an object by what a client sent.

        Raises:
            ApiError: the object may not be replaced so.
        """
        envelope.check(call, body, self.registry)
        live = self.storage.get(call.key)
        if live is None and kinds.is_created_by_update(call.resource):
            return self.create(replace(call, name=""), body)
        if live is None:
            raise errors.not_found(call.resource, call.name)
        value = self._decoded(call, body)
        self._place(call, value)
        self._check_uid(call, value, live)
        if call.resource.custom is not None and not value["metadata"].get("resourceVersion"):
            why = "must be specified for an update"
            raise self._invalid(
                call, value, [errors.invalid_value("metadata.resourceVersion", 0, why)]
            )
        return self._updated(call, value, live)

    def patch(self, call: Call, media_type: str, patch: Any) -> Object:
        """Change an object by a patch of one of the four formats.

        Raises:
            ApiError: the patch is wrong, or the object may not be changed so.
        """
        if media_type == patches.APPLY:
            return self.apply(call, patch)
        live = self._live(call)
        before = {**conversion.view(live, call.resource)}
        changed = self._patched(call, media_type, before, patch)
        if call.resource.custom is None:
            envelope.check(call, changed, self.registry)
        try:
            value = self._decoded(call, changed)
        except errors.UndecodableError as e:
            shown = gotext.formatted(patch) if media_type == patches.STRATEGIC else changed
            raise _invalid_patch(shown, e.cause) from e
        self._place(call, value)
        return self._updated(call, value, live)

    def _patched(self, call: Call, media_type: str, live: Object, patch: Any) -> Any:
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
            return patches.strategic_patch(live, patch, self.type_of(call.resource))
        except patches.MalformedPatchError as e:
            raise errors.bad_request(str(e)) from e
        except patches.UnknownDirectiveError as e:
            raise errors.internal(str(e)) from e
        except patches.PatchError as e:
            message = "the server rejected our request due to an error in our request"
            raise errors.ApiError(422, "Invalid", message, details={}) from e

    def _updated(self, call: Call, value: Object, live: Object) -> Object:
        self._check_version(call, value["metadata"].get("resourceVersion"), live)
        self._check_identity(call, value, live)
        seen = conversion.view(live, call.resource)
        _restore(value["metadata"], seen["metadata"])
        given = value["metadata"].pop("managedFields", None)
        before = managed.read(given or seen["metadata"].get("managedFields", ()))
        owners = self._owners_after_update(call, _bare(seen), value, before)
        return self._replaced(call, value, live, owners)

    def _replaced(
        self, call: Call, value: Object, live: Object, owners: managed.Managers
    ) -> Object:
        """Finish an update or apply: what the server adds, validation, and the write itself."""
        _set_owners(value["metadata"], owners)
        value = conversion.to_storage(value, call.resource)
        kinds.prepare_update(call.resource, value, live, call.subresource)
        self._validate(call, value, live)
        if _same(value, live):
            return conversion.view(live, call.resource)
        if call.dry_run:
            return conversion.view(value, call.resource)
        if "deletionTimestamp" in live["metadata"] and _is_released(value):
            self.storage.remove(call.key)
            return conversion.view(value, call.resource)
        return conversion.view(self.storage.put(call.key, value), call.resource)

    def _check_version(self, call: Call, version: str | None, live: Object) -> None:
        if not version:
            return
        if not version.isdigit():
            raise errors.internal(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if version != live["metadata"]["resourceVersion"]:
            raise errors.modified(call.resource, call.name)

    def _check_uid(self, call: Call, value: Object, live: Object) -> None:
        """Take the uid in a replacement as a precondition, as the real server's storage does."""
        uid, there = value["metadata"].get("uid"), live["metadata"]["uid"]
        if uid and uid != there:
            group = f"{call.resource.group}/" if call.resource.custom is not None else ""
            place = "/".join(filter(None, (call.resource.plural, call.namespace, call.name)))
            cause = (
                f"StorageError: invalid object, Code: 4, Key: /registry/{group}{place},"
                " ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in"
                f" precondition: {uid}, UID in object meta: {there}"
            )
            raise errors.conflict(call.resource, call.name, cause)

    def _check_identity(self, call: Call, value: Object, live: Object) -> None:
        """Refuse to change what an object got when it was made; left out, it stays."""
        found = [
            errors.invalid_value(f"metadata.{name}", given, "field is immutable")
            for name in ("uid", "creationTimestamp")
            if (given := value["metadata"].get(name)) and given != live["metadata"].get(name)
        ]
        if found:
            raise self._invalid(call, value, found)

    # Applying

    def apply(self, call: Call, applied: Any) -> Object:
        """Carry out a server-side apply: create the object, or merge into it.

        Raises:
            ApiError: others own what would change, or the object may not be changed so.
        """
        live = self.storage.get(call.key)
        if live is None and call.subresource:
            raise errors.not_found(call.resource, call.name)
        self._check_applied(call, applied)
        kind = self.type_of(call.resource)
        before = conversion.view(live, call.resource) if live else self._blank(call.resource)
        owners = managed.read(before.get("metadata", {}).get("managedFields", ()))
        if live is not None and not owners:
            owners = self._first_owner(call, before)
        raw, owners = managed.after_apply(
            _bare(before),
            applied,
            owners,
            self._change(call, managed.APPLY, kind),
            force=call.force,
        )
        value = self._decoded(call, raw)
        if live is None:
            value["metadata"].setdefault("name", call.name)
            self._place(call, value)
            return self._created(call, value, owners)
        self._place(call, value)
        self._check_version(call, (applied.get("metadata") or {}).get("resourceVersion"), live)
        self._check_identity(call, value, live)
        _restore(value["metadata"], before["metadata"])
        return self._replaced(call, value, live, owners)

    def _first_owner(self, call: Call, live: Object) -> managed.Managers:
        """Protect what was there before anybody's ownership was recorded."""
        kind = self.type_of(call.resource)
        change = self._change(call, managed.UPDATE, kind, name="before-first-apply")
        return managed.after_update(self._blank(call.resource), _bare(live), {}, change)

    def _check_applied(self, call: Call, applied: Any) -> None:
        if not isinstance(applied, Mapping):
            raise errors.bad_request("error decoding YAML: the body is not an object")
        self._check_applied_envelope(call, applied)
        found = list(merge.faults(applied, self.type_of(call.resource)))
        if found:
            text = found[0] if len(found) == 1 else "\n  ".join(["errors:", *found])
            metadata = applied.get("metadata") or {}
            who = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
            version = f"{call.resource.group}/{call.resource.version}"
            raise errors.internal(
                f"failed to create typed patch object ({who}; {version},"
                f" Kind={call.resource.kind}): {text}"
            )

    def _check_applied_envelope(self, call: Call, applied: Mapping[str, Any]) -> None:
        version = applied.get("apiVersion") or ""
        if version != call.resource.api_version:
            raise errors.bad_request(
                f"Incorrect version specified in apply patch. Specified patch version: {version},"
                f" expected: {call.resource.api_version}"
            )
        if applied.get("kind") != call.resource.kind:
            envelope.check(call, applied, self.registry)
        if (applied.get("metadata") or {}).get("managedFields") is not None:
            raise errors.bad_request("metadata.managedFields must be nil")

    # Deleting

    def delete(self, call: Call, options: DeleteOptions) -> Object:
        """Delete an object, or mark it for deletion while somebody holds it.

        Gives the object where it stays (or where its kind answers so), else a Status of success.

        Raises:
            ApiError: it is not there, or a precondition does not hold.
        """
        call = replace(call, dry_run=call.dry_run or options.dry_run)
        live = self._live(call)
        deletion.check_preconditions(call, live, options)
        if call.resource.storage_key == "namespaces" and call.name in _LASTING:
            raise errors.forbidden(call.resource, call.name, "this namespace may not be deleted")
        finalizers = deletion.finalizers_for(call, live, options)
        grace = deletion.grace_s(call, live, options)
        if not finalizers and not grace:
            last = live if call.dry_run else self.storage.remove(call.key)
            return (
                last
                if kinds.is_returned_when_deleted(call.resource)
                else deletion.success(call, live)
            )
        value = deletion.marked(call, live, finalizers, grace, self._now())
        if _same(value, live) or call.dry_run:
            return conversion.view(value, call.resource)
        return conversion.view(self.storage.put(call.key, value), call.resource)

    # What all have in common

    def _decoded(self, call: Call, body: Mapping[str, Any]) -> Object:
        """Read, prune and default an object; tell the client of fields that nobody knows."""
        resource, kind = call.resource, self.type_of(call.resource)
        report = decoding.Report()
        try:
            if resource.custom is not None:
                value = custom.decode(body, kind, report)
            else:
                value = decoding.decode(body, kind, report)
        except decoding.DecodingError as e:
            raise errors.UndecodableError(call.resource, str(e)) from e
        self._tell_unknown(call, report)
        value = {"kind": resource.kind, "apiVersion": resource.api_version, **value}
        value["kind"], value["apiVersion"] = resource.kind, resource.api_version
        _convert_secret(resource, value)
        if resource.custom is None:
            defaults.apply(resource.group, resource.kind, value)
        return value

    def _tell_unknown(self, call: Call, report: decoding.Report) -> None:
        found = [*(f'duplicate field "{path}"' for path in call.duplicates), *report.warnings]
        if not found or call.validation == "Ignore":
            return
        if call.validation == "Strict":
            cause = f"strict decoding error: {', '.join(found)}"
            raise errors.UndecodableError(call.resource, cause)
        call.warnings.extend(found)

    def _place(self, call: Call, value: Object) -> None:
        """Check that name and namespace in the object agree with the path; complete them."""
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
                    f"the name of the object ({name}) does not match the name on the URL"
                    f" ({call.name})"
                )

    def _change(
        self, call: Call, operation: str, kind: schema.Type, name: str = ""
    ) -> managed.Change:
        manager = managed.Manager.of(
            operation=operation,
            name=name or call.manager,
            api_version=call.resource.api_version,
            subresource="" if name else call.subresource,
        )
        return managed.Change(
            kind=kind,
            manager=manager,
            api_version=call.resource.api_version,
            # The real server's scale endpoint leaves the time out.
            now=None if call.subresource == "scale" else timestamp(self._now()),
            ignored=kinds.ignored_fields(call.resource, call.subresource),
        )

    def _owners_after_update(
        self, call: Call, live: Object, value: Object, owners: managed.Managers
    ) -> managed.Managers:
        kind = self.type_of(call.resource)
        return managed.after_update(live, value, owners, self._change(call, managed.UPDATE, kind))

    def _validate(self, call: Call, value: Object, live: Object | None) -> None:
        resource = call.resource
        if resource.custom is not None:
            found = [
                *checks.of_metadata(resource, value),
                *self._custom(call, value, live),
            ]
        elif live is None:
            found = checks.of_creation(resource, value)
        else:
            found = checks.of_update(resource, value, live)
        if live is not None:
            found += checks.of_deletion(value, live)
        if found:
            raise self._invalid(call, value, found)

    def _custom(self, call: Call, value: Object, live: Object | None) -> list[errors.Cause]:
        kind = self.type_of(call.resource)
        # The rules count on values of the right types.
        return custom.validate(value, kind) or list(rules.faults(value, live, kind))

    def _invalid(self, call: Call, value: Object, found: list[errors.Cause]) -> errors.ApiError:
        name = value["metadata"].get("name", "")
        return errors.invalid(call.resource.kind, call.resource.group, name, found)


_NAME_REQUIRED = errors.required("metadata.name", "name or generateName is required")


def _type_of(resource: Resource) -> schema.Type:
    if resource.custom is not None:
        node = resource.custom.get("schema", {}).get("openAPIV3Schema", {"type": "object"})
        return schema.custom_type(node)
    return schema.published().type_of(resource.group, resource.version, resource.kind)


def _convert_secret(resource: Resource, value: Object) -> None:
    """Write `stringData` into `data`, as the conversion to the internal type does."""
    given = value.pop("stringData", None) if resource.storage_key == "secrets" else None
    if given:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in given.items()}
        value["data"] = {**value.get("data", {}), **encoded}


def _invalid_patch(shown: Any, cause: str) -> errors.ApiError:
    text = shown if isinstance(shown, str) else orjson.dumps(shown).decode()
    return errors.invalid("", "", "", [errors.invalid_value("patch", text, cause)])


def _bare(value: Object) -> Object:
    metadata = {n: v for n, v in value.get("metadata", {}).items() if n != "managedFields"}
    return {**value, "metadata": metadata} if "metadata" in value else value


def _set_owners(metadata: Object, owners: managed.Managers) -> None:
    metadata.pop("managedFields", None)
    if owners:
        metadata["managedFields"] = managed.write(owners)


def _restore(metadata: Object, live: Object) -> None:
    """Put back what a client cannot change."""
    for name in _SYSTEM_FIELDS:
        metadata.pop(name, None)
        if name in live:
            metadata[name] = live[name]


def _same(value: Object, live: Object) -> bool:
    """Would this write change nothing but the times in `managedFields`?"""
    if value == live:
        return True
    return _timeless(value) == _timeless(live)


def _timeless(value: Object) -> Object:
    metadata = dict(value["metadata"])
    entries = metadata.pop("managedFields", ())
    owners = sorted(
        ({name: part for name, part in entry.items() if name != "time"} for entry in entries),
        key=lambda entry: (
            entry["operation"], entry.get("manager", ""), entry.get("subresource", "")
        ),
    )  # fmt: skip
    return {**value, "metadata": {**metadata, "managedFields": owners}}


def _is_released(value: Object) -> bool:
    held = value["metadata"].get("finalizers")
    waits = value["metadata"].get("deletionGracePeriodSeconds")
    if value["kind"] == "Namespace":
        return not held and not value["spec"].get("finalizers")
    return not held and not waits


def _terminating(call: Call) -> errors.ApiError:
    namespace = call.namespace
    name = call.name or "unknown"
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    made = errors.forbidden(
        call.resource,
        name,
        f"unable to create new content in namespace {namespace} because it is being terminated",
    )
    made.details = {**(made.details or {}), "causes": [cause]}
    return made

"""Carries requests out: what create, update, patch, apply and delete do to an object.

One request is one synchronous call in the event loop's thread, so that nothing comes between
reading an object and writing it. The order of the steps is the real server's: decode and default,
ownership, what the server adds, validation, storage.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.local.apiserver import (
    conversion,
    custom,
    decoding,
    defaults,
    deletion,
    envelope,
    errors,
    gotext,
    intake,
    kinds,
    managed,
    patches,
    revisions,
    rules,
    schema,
)
from controller.local.apiserver.calls import Call, timestamp, utc_now
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.resources import Registry, Resource
from controller.local.apiserver.storage import Key, Object, Storage
from controller.local.apiserver.validation import checks

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
        value = intake.decoded(call, body, self.type_of(call.resource))
        intake.place(call, value)
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
        revisions.clear(metadata)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName'][:58]}{kinds.suffix()}"
            if call.resource.storage_key == "namespaces":
                defaults.apply("", "Namespace", value)
        if not metadata.get("name"):
            raise errors.invalid_object(call.resource, value, [_NAME_REQUIRED])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = timestamp(self._now())
        revisions.set_owners(metadata, owners)
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
        value = intake.decoded(call, body, self.type_of(call.resource))
        intake.place(call, value)
        revisions.check_uid(call, value, live)
        if call.resource.custom is not None and not value["metadata"].get("resourceVersion"):
            why = "must be specified for an update"
            raise errors.invalid_object(
                call.resource, value, [errors.invalid_value("metadata.resourceVersion", 0, why)]
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
        changed = intake.patched(media_type, before, patch, self.type_of(call.resource))
        if call.resource.custom is None:
            envelope.check(call, changed, self.registry)
        try:
            value = intake.decoded(call, changed, self.type_of(call.resource))
        except errors.UndecodableError as e:
            shown = gotext.formatted(patch) if media_type == patches.STRATEGIC else changed
            raise intake.invalid_patch(shown, e.cause) from e
        intake.place(call, value)
        return self._updated(call, value, live)

    def _updated(self, call: Call, value: Object, live: Object) -> Object:
        revisions.check_version(call, value["metadata"].get("resourceVersion"), live)
        revisions.check_identity(call, value, live)
        seen = conversion.view(live, call.resource)
        revisions.restore(value["metadata"], seen["metadata"])
        given = value["metadata"].pop("managedFields", None)
        before = managed.read(given or seen["metadata"].get("managedFields", ()))
        owners = self._owners_after_update(call, revisions.bare(seen), value, before)
        return self._replaced(call, value, live, owners)

    def _replaced(
        self, call: Call, value: Object, live: Object, owners: managed.Managers
    ) -> Object:
        """Finish an update or apply: what the server adds, validation, and the write itself."""
        revisions.set_owners(value["metadata"], owners)
        value = conversion.to_storage(value, call.resource)
        kinds.prepare_update(call.resource, value, live, call.subresource)
        self._validate(call, value, live)
        if revisions.is_same(value, live):
            return conversion.view(live, call.resource)
        if call.dry_run:
            return conversion.view(value, call.resource)
        if "deletionTimestamp" in live["metadata"] and revisions.is_released(value):
            self.storage.remove(call.key)
            return conversion.view(value, call.resource)
        return conversion.view(self.storage.put(call.key, value), call.resource)

    # Applying

    def apply(self, call: Call, applied: Any) -> Object:
        """Carry out a server-side apply: create the object, or merge into it.

        Raises:
            ApiError: others own what would change, or the object may not be changed so.
        """
        live = self.storage.get(call.key)
        if live is None and call.subresource:
            raise errors.not_found(call.resource, call.name)
        kind = self.type_of(call.resource)
        intake.check_applied(call, applied, kind, self.registry)
        before = conversion.view(live, call.resource) if live else self._blank(call.resource)
        owners = managed.read(before.get("metadata", {}).get("managedFields", ()))
        if live is not None and not owners:
            owners = self._first_owner(call, before)
        raw, owners = managed.after_apply(
            revisions.bare(before),
            applied,
            owners,
            self._change(call, managed.APPLY, kind),
            force=call.force,
        )
        value = intake.decoded(call, raw, self.type_of(call.resource))
        if live is None:
            value["metadata"].setdefault("name", call.name)
            intake.place(call, value)
            return self._created(call, value, owners)
        intake.place(call, value)
        revisions.check_version(call, (applied.get("metadata") or {}).get("resourceVersion"), live)
        revisions.check_identity(call, value, live)
        revisions.restore(value["metadata"], before["metadata"])
        return self._replaced(call, value, live, owners)

    def _first_owner(self, call: Call, live: Object) -> managed.Managers:
        """Protect what was there before anybody's ownership was recorded."""
        kind = self.type_of(call.resource)
        change = self._change(call, managed.UPDATE, kind, name="before-first-apply")
        return managed.after_update(self._blank(call.resource), revisions.bare(live), {}, change)

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
        if revisions.is_same(value, live) or call.dry_run:
            return conversion.view(value, call.resource)
        return conversion.view(self.storage.put(call.key, value), call.resource)

    # What all have in common

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
            raise errors.invalid_object(call.resource, value, found)

    def _custom(self, call: Call, value: Object, live: Object | None) -> list[errors.Cause]:
        kind = self.type_of(call.resource)
        # The rules count on values of the right types.
        return custom.validate(value, kind) or list(rules.faults(value, live, kind))


_NAME_REQUIRED = errors.required("metadata.name", "name or generateName is required")


def _type_of(resource: Resource) -> schema.Type:
    if resource.custom is not None:
        node = resource.custom.get("schema", {}).get("openAPIV3Schema", {"type": "object"})
        return schema.custom_type(node)
    return schema.published().type_of(resource.group, resource.version, resource.kind)


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

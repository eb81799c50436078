"""An object before and after a write: what may differ, what is put back, what is the same."""

from controller.local.apiserver import errors, managed
from controller.local.apiserver.calls import Call
from controller.local.apiserver.storage import Object

_SYSTEM_FIELDS = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "resourceVersion", "selfLink",
)  # fmt: skip


def check_version(call: Call, version: str | None, live: Object) -> None:
    """Check the version that a change was made from, if it tells one.

    Raises:
        ApiError: the object has another by now.
    """
    if not version:
        return
    if not version.isdigit():
        raise errors.internal(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version != live["metadata"]["resourceVersion"]:
        raise errors.modified(call.resource, call.name)


def check_uid(call: Call, value: Object, live: Object) -> None:
    """Take the uid in a replacement as a precondition, as the real server's storage does.

    Raises:
        ApiError: the object there is another one.
    """
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


def check_identity(call: Call, value: Object, live: Object) -> None:
    """Refuse to change what an object got when it was made; left out, it stays.

    Raises:
        ApiError: it would change.
    """
    found = [
        errors.invalid_value(f"metadata.{name}", given, "field is immutable")
        for name in ("uid", "creationTimestamp")
        if (given := value["metadata"].get(name)) and given != live["metadata"].get(name)
    ]
    if found:
        raise errors.invalid_object(call.resource, value, found)


def bare(value: Object) -> Object:
    """Give an object without what is known about its owners."""
    metadata = {n: v for n, v in value.get("metadata", {}).items() if n != "managedFields"}
    return {**value, "metadata": metadata} if "metadata" in value else value


def set_owners(metadata: Object, owners: managed.Managers) -> None:
    """Write who owns which fields into an object's metadata."""
    metadata.pop("managedFields", None)
    if owners:
        metadata["managedFields"] = managed.write(owners)


def clear(metadata: Object) -> None:
    """Take away what only the server gives."""
    for name in _SYSTEM_FIELDS:
        metadata.pop(name, None)


def restore(metadata: Object, live: Object) -> None:
    """Put back what a client cannot change."""
    clear(metadata)
    metadata |= {name: live[name] for name in _SYSTEM_FIELDS if name in live}


def is_same(value: Object, live: Object) -> bool:
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


def is_released(value: Object) -> bool:
    """Whether nobody holds an object any more that is being deleted."""
    held = value["metadata"].get("finalizers")
    waits = value["metadata"].get("deletionGracePeriodSeconds")
    if value["kind"] == "Namespace":
        return not held and not value["spec"].get("finalizers")
    return not held and not waits

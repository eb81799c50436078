"""Who owns which field: `metadata.managedFields`, kept up to date by updates and applies.

A port of the field manager of k8s.io/apimachinery `pkg/util/managedfields` and the updater of
structured-merge-diff (`merge/update.go`). An update takes over what it changes; an apply claims all
that it lists, gives back what it no longer lists, and meets a conflict where others own a value
that it would change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from controller.local.apiserver import errors, fields, merge
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.fields import Fields
from controller.local.apiserver.schema import Type

APPLY, UPDATE = "Apply", "Update"
# Beyond this many updaters the oldest entries are put together, as the real server does.
_MAX_UPDATERS = 10
_ANCIENT = "ancient-changes"


class Manager(NamedTuple):
    """The identity under which fields are owned; appliers keep theirs across API versions."""

    operation: str
    name: str
    api_version: str
    subresource: str

    @classmethod
    def of(cls, *, operation: str, name: str, api_version: str, subresource: str) -> "Manager":
        """Make the identity of a request's sender."""
        version = "" if operation == APPLY else api_version
        return cls(operation, name, version, subresource)


@dataclass(frozen=True, slots=True)
class Owned:
    """What one manager owns, in which API version it said so, and when."""

    fields: Fields
    api_version: str
    time: str | None


Managers: TypeAlias = dict[Manager, Owned]

# Set by the server, so that nobody owns them.
_NOBODYS: Fields = {
    "f:apiVersion": fields.leaf(),
    "f:kind": fields.leaf(),
    "f:metadata": {
        name: fields.leaf()
        for name in (
            "f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:clusterName",
            "f:generation", "f:managedFields", "f:resourceVersion",
        )
    } | {fields.MEMBER: {}},
}  # fmt: skip


def read(entries: Sequence[Mapping[str, Any]]) -> Managers:
    """Read `managedFields`."""
    found: Managers = {}
    for entry in entries:
        manager = Manager.of(
            operation=entry["operation"],
            name=entry.get("manager", ""),
            api_version=entry["apiVersion"],
            subresource=entry.get("subresource", ""),
        )
        owned = fields.from_wire(entry.get("fieldsV1") or {})
        found[manager] = Owned(owned, entry["apiVersion"], entry.get("time"))
    return found


def write(managers: Managers) -> list[dict[str, Any]]:
    """Write `managedFields` in the order of the real server: appliers first, then by age."""
    return [_entry(manager, owned) for manager, owned in sorted(managers.items(), key=_order)]


def _order(item: tuple[Manager, Owned]) -> tuple[str, str, str, str, str]:
    manager, owned = item
    return (
        manager.operation, owned.time or "", manager.name, owned.api_version, manager.subresource
    )  # fmt: skip


def _entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.to_wire(owned.fields),
        "subresource": manager.subresource,
    }
    return {name: value for name, value in entry.items() if value is not None and value != ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The circumstances of a write, as far as ownership depends on them."""

    kind: Type
    manager: Manager
    api_version: str
    now: str | None
    ignored: Fields
    """Fields that this endpoint does not take from the client, such as `status` on the main one."""


def after_update(
    live: Mapping[str, Any], new: Mapping[str, Any], managers: Managers, change: Change
) -> Managers:
    """Give the owners after a create, update or patch has made `new` of `live`."""
    compared = merge.compare(live, new, change.kind).without(change.ignored)
    others, _ = _settled(compared, managers, self_=None, force=True)
    taken = _own(fields.union(compared.added, compared.modified))
    if taken:
        former = others.get(change.manager)
        owned = fields.union(former.fields, taken) if former else taken
        others[change.manager] = Owned(owned, change.api_version, change.now)
    return _capped(others)


def after_apply(
    live: Mapping[str, Any],
    applied: Mapping[str, Any],
    managers: Managers,
    change: Change,
    *,
    force: bool,
) -> tuple[Any, Managers]:
    """Give the object and its owners after a server-side apply.

    Raises:
        ApiError: others own fields that the apply would change, and it is not forced.
    """
    former = managers.get(change.manager)
    claimed = fields.without(_own(merge.to_set(applied, change.kind)), change.ignored)
    mine = Owned(claimed, change.api_version, change.now)
    everyone = {**managers, change.manager: mine}
    merged = merge.merge(live, applied, change.kind)
    new = _pruned(merged, everyone, former.fields if former else {}, change.kind)
    compared = merge.compare(live, new, change.kind).without(change.ignored)
    settled, conflicts = _settled(compared, everyone, self_=change.manager, force=force)
    if conflicts:
        raise _conflict(conflicts)
    if former and former.fields == claimed and compared.is_same:
        settled[change.manager] = replace(mine, time=former.time)
    return new, {manager: owned for manager, owned in settled.items() if owned.fields}


def _own(claimed: Fields) -> Fields:
    return fields.difference(claimed, _NOBODYS)


def _settled(
    compared: merge.Comparison, managers: Managers, *, self_: Manager | None, force: bool
) -> tuple[Managers, dict[Manager, Fields]]:
    """Take from every other manager what was changed or removed; tell what they would lose."""
    changed = fields.union(compared.modified, compared.added)
    conflicts: dict[Manager, Fields] = {}
    settled: Managers = {}
    for manager, owned in managers.items():
        if manager == self_:
            settled[manager] = owned
            continue
        if lost := fields.intersection(owned.fields, changed):
            conflicts[manager] = lost
        rest = fields.difference(fields.difference(owned.fields, lost), compared.removed)
        if rest:
            settled[manager] = owned if rest == owned.fields else replace(owned, fields=rest)
    return settled, {} if force else conflicts


def _pruned(merged: Any, managers: Managers, last: Fields, kind: Type) -> Any:
    """Remove what the applier listed the last time and nobody lists now."""
    if not last:
        return merged
    named_last = merge.with_named_fields(last, kind)
    pruned = merge.remove(merged, named_last, kind)
    present = merge.with_named_fields(merge.to_set(merged, kind), kind)
    owned: Fields = {}
    for manager in managers.values():
        owned = fields.union(owned, manager.fields)
    kept = merge.with_named_fields(merge.to_set(pruned, kind), kind)
    wanted = fields.union(kept, merge.with_named_fields(owned, kind))
    pruned = merge.remove(merged, fields.difference(present, wanted), kind)
    kept = merge.with_named_fields(merge.to_set(pruned, kind), kind)
    dangling = fields.intersection(fields.difference(present, kept), named_last)
    return merge.remove(merged, dangling, kind)


def _capped(managers: Managers) -> Managers:
    updaters = [
        item for item in sorted(managers.items(), key=_order) if item[0].operation == UPDATE
    ]
    excess = len(updaters) - _MAX_UPDATERS
    if excess <= 0:
        return managers
    made = dict(managers)
    for manager, owned in updaters[: excess + 1]:
        del made[manager]
        ancient = Manager(UPDATE, _ANCIENT, owned.api_version, "")
        former = made.get(ancient)
        joined = fields.union(former.fields, owned.fields) if former else owned.fields
        made[ancient] = replace(owned, fields=joined)
    return made


def _conflict(conflicts: Mapping[Manager, Fields]) -> ApiError:
    found = [
        (_who(manager), fields.shown(path))
        for manager in sorted(conflicts, key=lambda m: (m.name, m))
        for path in fields.paths(conflicts[manager])
    ]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": place}
        for who, place in found
    ]
    message = f"Apply failed with {_conflicts_text(found)}"
    return errors.ApiError(409, "Conflict", message, details={"causes": causes})


def _conflicts_text(found: Sequence[tuple[str, str]]) -> str:
    if len(found) == 1:
        who, place = found[0]
        return f"1 conflict: conflict with {who}: {place}"
    lines = []
    for who in sorted({who for who, _ in found}):
        lines.append(f"conflicts with {who}:")
        lines += [f"- {place}" for owner, place in found if owner == who]
    return f"{len(found)} conflicts: " + "\n".join(lines)


def _who(manager: Manager) -> str:
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    return f"{text} using {manager.api_version}" if manager.operation == UPDATE else text

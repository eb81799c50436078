"""What changed in plain manifests, which mean to an agent what their kind means to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.definitions.catalog import Definition, Path
from controller.diff import changes
from controller.diff.difference import Change
from controller.diff.semantic import shown
from controller.diff.semantic.change import Kind, Severity
from controller.diff.semantic.facts import Told

_RIGHTS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_WALLS = frozenset({"NetworkPolicy"})
_MOST_FIELDS = 8
_HIDDEN_BELOW = ("env", "args", "command", "annotations")
"""Parts of a path below which a value may be secret."""


def came_or_went(old: Definition | None, new: Definition | None) -> tuple[Kind, Severity]:
    """Give what it means that a plain manifest appears or disappears."""
    definition = new or old
    kind = definition.id.kind if definition else ""
    if kind in _RIGHTS:
        return Kind.ACCESS, Severity.HIGH if new else Severity.LOW
    if kind in _WALLS:
        return Kind.ACCESS, Severity.MEDIUM if new else Severity.HIGH
    if kind == "Secret":
        return Kind.SECRETS, Severity.MEDIUM
    return Kind.INFRASTRUCTURE, Severity.LOW


def compare(old: Definition, new: Definition, *, told_elsewhere: frozenset[str]) -> Iterator[Told]:
    """Give the fields in which two revisions of a manifest differ.

    Args:
        old: the manifest before.
        new: the manifest after.
        told_elsewhere: keys of a ConfigMap that are prompts.
    """
    kind, severity = _meaning(new)
    found = [
        change
        for change in changes.between(_compared(old), _compared(new))
        if not any(change.path in {f"data.{key}", f"data[{key}]"} for key in told_elsewhere)
    ]
    for change in found[:_MOST_FIELDS]:
        yield Told(
            kind=kind,
            severity=severity,
            summary=_summary(change, new),
            position=new.document.position(_path(change.path)),
        )
    if len(found) > _MOST_FIELDS:
        summary = f"{len(found) - _MOST_FIELDS} more fields changed"
        position = new.document.position()
        yield Told(kind=kind, severity=severity, summary=summary, position=position)


def _meaning(definition: Definition) -> tuple[Kind, Severity]:
    kind = definition.id.kind
    if kind in _RIGHTS | _WALLS:
        return Kind.ACCESS, Severity.HIGH
    if kind == "Secret":
        return Kind.SECRETS, Severity.MEDIUM
    is_image = kind in {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
    return Kind.INFRASTRUCTURE, Severity.MEDIUM if is_image else Severity.LOW


def _compared(definition: Definition) -> Mapping[str, Any]:
    data = definition.document.data
    return {name: value for name, value in data.items() if name != "status"}


def _summary(change: Change, definition: Definition) -> str:
    place = shown.code(change.path)
    is_hidden = definition.id.kind in {"Secret", "ConfigMap"} or any(
        f".{part}" in f".{change.path}" for part in _HIDDEN_BELOW
    )
    if change.before is None or change.after is None:
        verb = "added" if change.before is None else "removed"
        given = change.after if change.before is None else change.before
        return f"{place} {verb}" if is_hidden else f"{place} {verb}: {shown.value(given)}"
    if is_hidden:
        return f"{place} changed"
    return f"{place} {shown.value(change.before)} → {shown.value(change.after)}"


def _path(path: str) -> Path:
    """Give the start of a path as far as it has no list in it: good enough for a line."""
    return tuple(path.partition("[")[0].split("."))

"""Writes one object in the way that its options ask for."""

import time

from controller.cluster import client as clients
from controller.cluster.client import Client
from controller.cluster.errors import ConflictError, ImmutableError
from controller.cluster.live import LiveState
from controller.definitions.syncoptions import Conflicts, SyncOptions, Validation
from controller.errors import PermanentError, TransientError
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import FIELD_MANAGER, is_being_deleted
from controller.plan.steps import Action, Step
from controller.sync.gate import Gate

_HOLDS_OTHERS = frozenset({"Namespace", "CustomResourceDefinition"})
_LOOK_AGAIN_S = 0.2
_LONGEST_DELETION_S = 60.0
"""Twice the time that a pod has to end: what stays longer is kept by something, and others wait."""


def write(
    step: Step, manifest: Manifest, client: Client, live: LiveState, gate: Gate
) -> tuple[Manifest, str]:
    """Write the manifest of a step; give the object as it is then, and what was done to it.

    An object that is still being deleted takes an apply and goes all the same: it is waited for.

    Raises:
        RosterError: the server refuses, or the old object does not go within the time limit.
    """
    created = step.action is Action.CREATE
    if is_being_deleted(step.live):
        return _after_deletion(step, manifest, client, live, gate)
    try:
        if step.options.replace and not created:
            client.replace(manifest, validation=validation(step.options))
        applied = apply(step, manifest, client)
    except ImmutableError:
        if not step.options.force:
            raise
        return _recreated(step, manifest, client, live, gate), "deleted and created anew"
    if is_being_deleted(applied):  # since the plan was made
        return _after_deletion(step, manifest, client, live, gate)
    return applied, "created" if created else "replaced" if step.options.replace else "configured"


def apply(step: Step, manifest: Manifest, client: Client, *, dry_run: bool = False) -> Manifest:
    """Apply on the server, with the step's word on conflicts.

    Raises:
        ConflictError: another manager owns a field, and it is not to be taken from it.
        RosterError: the server refuses.
    """
    try:
        return client.apply(
            manifest,
            force=step.options.conflicts is Conflicts.FORCE,
            dry_run=dry_run,
            validation=validation(step.options),
        )
    except ConflictError as error:
        if not error.conflicts:
            raise
        raise _told(step.key, error) from error


def validation(options: SyncOptions) -> str:
    """Give what the server is to do with unknown fields."""
    return clients.IGNORE if options.validation is Validation.NONE else clients.STRICT


def wait_until_gone(key: ObjectKey, client: Client, live: LiveState, gate: Gate) -> None:
    """Wait for a deletion to end, as long as the gate waits but no longer than a minute.

    Raises:
        TransientError: something keeps the object, such as a finalizer that nobody removes, or the
            operation must end.
    """
    timeout_s = min(gate.timeout_s, _LONGEST_DELETION_S)
    deadline = time.monotonic() + timeout_s
    while (found := client.get(key)) is not None:
        if time.monotonic() >= deadline:
            kept_by = ", ".join(found["metadata"].get("finalizers") or ()) or "what it owns"
            raise TransientError(
                f"{key} is still being deleted after {timeout_s:g} s: {kept_by} keeps it."
            )
        if reason := gate.reason():
            raise TransientError(f"{key} is still being deleted. {reason}")
        live.wait(_LOOK_AGAIN_S)


def _after_deletion(
    step: Step, manifest: Manifest, client: Client, live: LiveState, gate: Gate
) -> tuple[Manifest, str]:
    wait_until_gone(step.key, client, live, gate)
    if step.live is not None:
        live.gone(step.live)
    return apply(step, manifest, client), "created anew when its deletion had ended"


def _recreated(
    step: Step, manifest: Manifest, client: Client, live: LiveState, gate: Gate
) -> Manifest:
    if step.key.kind in _HOLDS_OTHERS:
        raise PermanentError(
            f"{step.key} would have to be deleted and created anew, and everything in it would go.",
            remedy="Do it by hand, or leave the field as it is.",
        )
    found = step.live or {}
    client.delete(
        found,
        uid=str(found["metadata"]["uid"]),
        propagation=step.options.propagation.capitalize(),
    )
    wait_until_gone(step.key, client, live, gate)
    live.gone(found)
    return apply(step, manifest, client)


def _told(key: ObjectKey, error: ConflictError) -> ConflictError:
    owned = "; ".join(
        f"{conflict.field} belongs to the field manager {conflict.manager!r}"
        for conflict in error.conflicts
    )
    return ConflictError(
        f"{key}: {owned}, and {FIELD_MANAGER!r} would set it to something else.",
        remedy="Leave it to them with ignoreDifferences, or take it with the sync option "
        "ServerSideApplyConflicts=force.",
        conflicts=error.conflicts,
    )

"""Writes one object in the way that its options ask for."""

import time

from controller.cluster import client as clients
from controller.cluster.client import Client
from controller.cluster.errors import ConflictError, ImmutableError
from controller.cluster.live import LiveState
from controller.definitions.syncoptions import Conflicts, SyncOptions, Validation
from controller.errors import PermanentError, TransientError
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import FIELD_MANAGER
from controller.plan.steps import Action, Step

_HOLDS_OTHERS = frozenset({"Namespace", "CustomResourceDefinition"})
_LOOK_AGAIN_S = 0.2


def write(
    step: Step, manifest: Manifest, client: Client, live: LiveState, *, timeout_s: float
) -> tuple[Manifest, str]:
    """Write the manifest of a step; give the object as it is then, and what was done to it.

    Raises:
        RosterError: the server refuses, or the old object does not go within the time limit.
    """
    created = step.action is Action.CREATE
    try:
        if step.options.replace and not created:
            client.replace(manifest, validation=validation(step.options))
        applied = apply(step, manifest, client)
    except ImmutableError:
        if not step.options.force:
            raise
        return _recreated(step, manifest, client, live, timeout_s), "deleted and created anew"
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


def wait_until_gone(key: ObjectKey, client: Client, live: LiveState, *, timeout_s: float) -> None:
    """Wait for a deletion to end.

    Raises:
        TransientError: something keeps the object, such as a finalizer that nobody removes.
    """
    deadline = time.monotonic() + timeout_s
    while (found := client.get(key)) is not None:
        if time.monotonic() >= deadline:
            kept_by = ", ".join(found["metadata"].get("finalizers") or ()) or "what it owns"
            raise TransientError(
                f"{key} is still being deleted after {timeout_s:g} s: {kept_by} keeps it."
            )
        live.wait(_LOOK_AGAIN_S)


def _recreated(
    step: Step, manifest: Manifest, client: Client, live: LiveState, timeout_s: float
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
    wait_until_gone(step.key, client, live, timeout_s=timeout_s)
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

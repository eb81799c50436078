"""Whether live equals desired, decided by the fields that we own.

Same means: every field we desire is live with that value and ours, and we own nothing that we no
longer desire. Anything else is undecided, because only the server knows its defaults and its
normal forms; a dry-run of the apply settles it (`decide`). Two of Argo CD's oldest complaints are
answered here: there is no OutOfSync without a change to show, and no Synced by a failed dry-run.
"""

import dataclasses

from controller.diff import changes, fields, normalise, owned
from controller.diff.difference import Change, Difference, Outcome
from controller.objects import Manifest, ObjectKey, masking
from controller.objects.metadata import FIELD_MANAGER


def compare(
    desired: Manifest, live: Manifest | None, *, manager: str = FIELD_MANAGER
) -> Difference:
    """Compare a desired object with the live one (None: there is none).

    Gives Missing, Same, or Undecided with the fields that look different.
    """
    key = ObjectKey.of(desired)
    if live is None:
        return Difference(key=key, outcome=Outcome.MISSING, desired=desired, live=None)
    found = _changes(desired, live, manager)
    outcome = Outcome.UNDECIDED if found else Outcome.SAME
    return Difference(key=key, outcome=outcome, desired=desired, live=live, changes=found)


def decide(difference: Difference, predicted: Manifest) -> Difference:
    """Settle a difference by the server's answer to a dry-run of the apply."""
    live = difference.live
    if live is None:
        return difference
    found = _masked(
        live, changes.between(normalise.normalised(live), normalise.normalised(predicted))
    )
    outcome = Outcome.DIFFERENT if found else Outcome.SAME
    return dataclasses.replace(difference, outcome=outcome, changes=found, predicted=predicted)


def _changes(desired: Manifest, live: Manifest, manager: str) -> tuple[Change, ...]:
    applied = fields.applied_by(live, manager)
    return _masked(
        live,
        owned.changes(
            normalise.normalised(desired),
            normalise.normalised(live),
            normalise.fields_normalised(live, applied or {}),
            is_owner=applied is not None,
        ),
    )


def _masked(manifest: Manifest, found: tuple[Change, ...]) -> tuple[Change, ...]:
    """Replace a Secret's values by masks; equal ones have equal masks."""
    if not normalise.is_secret(manifest):
        return found
    return tuple(
        dataclasses.replace(change, before=_mask(change.before), after=_mask(change.after))
        if change.path.startswith("data")
        else change
        for change in found
    )


def _mask(value: object) -> object:
    if isinstance(value, dict):
        return {name: masking.mask(inner) for name, inner in value.items()}
    return None if value is None else masking.mask(value)

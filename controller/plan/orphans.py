"""What left git: which live objects are ours and no longer desired, and which of them may go.

The guards follow what went wrong elsewhere: Flux prunes everything where a source turns up empty,
others delete what a broken file no longer defines. Nothing is deleted on missing information.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from controller.definitions import hooks, syncoptions
from controller.definitions.findings import DefinitionId
from controller.definitions.syncoptions import Consent
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import (
    APPLICATION,
    COMPONENT,
    DELETION_APPROVED,
    PRUNE,
    SOURCE,
    annotations,
    is_being_deleted,
    labels,
)
from controller.plan import order
from controller.plan.policy import Policy
from controller.plan.steps import Action, Guard, Step

FEW = 2
"""So many objects may go without a confirmation, whatever part of the application they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What decides over the objects that are not desired."""

    application: str
    desired: AbstractSet[ObjectKey]
    hooks: AbstractSet[str]
    """Components that have a hook: each of its runs may have a name of its own."""
    inventory: AbstractSet[ObjectKey]
    blocked: AbstractSet[DefinitionId]
    unreadable: AbstractSet[str]
    """Files that could not be read: nobody knows what they define."""
    source_is_empty: bool
    policy: Policy


def split(
    live: Mapping[ObjectKey, Manifest], ownership: Ownership
) -> tuple[tuple[Step, ...], tuple[Step, ...], tuple[Guard, ...]]:
    """Give what is to be pruned (in the order of deletion), what is kept, and why."""
    orphans = [
        _step(key, found, ownership.policy)
        for key, found in live.items()
        if key not in ownership.desired
        and _is_ours(found, ownership.application)
        and not _is_named(key, found, ownership)
    ]
    judged = [_judged(step, live[step.key], ownership) for step in orphans]
    prunes = sorted(
        (step for step in judged if step.action is Action.PRUNE), key=_deletion, reverse=True
    )
    kept = [step for step in judged if step.action is Action.KEEP]
    guards = tuple(_unconfirmed(kept))
    guard = _guard(prunes, live, ownership)
    if guard is None:
        return tuple(prunes), tuple(sorted(kept, key=_place)), guards
    held = [_kept(step, guard.message) for step in prunes]
    return (), tuple(sorted([*kept, *held], key=_place)), (*guards, guard)


def _is_ours(found: Manifest, application: str) -> bool:
    """Tell whether an object is one we applied, and not made by a controller from one of ours.

    Controllers copy labels (EndpointSlices take those of their Service).
    """
    owners = (found.get("metadata") or {}).get("ownerReferences") or ()
    made = any(owner.get("controller") for owner in owners)
    return labels(found).get(APPLICATION) == application and not made


def _is_named(key: ObjectKey, found: Manifest, ownership: Ownership) -> bool:
    """Tell whether an object is desired by another key than its own."""
    if hooks.is_hook(found) and annotations(found).get(COMPONENT) in ownership.hooks:
        return True
    if key.namespace:
        return False
    # A definition may give a namespace to a kind that has none; the server dropped it.
    return any(
        (wanted.group, wanted.kind, wanted.name) == (key.group, key.kind, key.name)
        for wanted in ownership.desired
    )


def _step(key: ObjectKey, found: Manifest, policy: Policy) -> Step:
    return Step(
        action=Action.PRUNE,
        key=key,
        component=None,
        manifest=None,
        live=found,
        wave=_wave(found),
        options=syncoptions.of_object(found, policy.options),
        reason="its definition left git",
    )


def _wave(found: Manifest) -> int:
    try:
        return order.wave(found)
    except ValueError:
        return 0


def _judged(step: Step, found: Manifest, ownership: Ownership) -> Step:
    for reason, holds in _REASONS:
        if holds(found, step, ownership):
            return _kept(step, reason)
    return step


def _belongs_to_blocked(found: Manifest, ownership: Ownership) -> bool:
    component = annotations(found).get(COMPONENT)
    if component is None:
        return bool(ownership.blocked)
    return component in {str(id_) for id_ in ownership.blocked}


_UNCONFIRMED = "its deletion needs a confirmation: it has the sync option Prune=confirm"
_REASONS: Iterable[tuple[str, Callable[[Manifest, Step, Ownership], bool]]] = (
    (
        "it is being deleted",
        lambda found, _, __: is_being_deleted(found),
    ),
    (
        "its definition has an error",
        lambda found, _, ownership: _belongs_to_blocked(found, ownership),
    ),
    (
        "the file that defined it cannot be read",
        lambda found, _, ownership: annotations(found).get(SOURCE) in ownership.unreadable,
    ),
    (
        f"it is protected by {PRUNE}: disabled",
        lambda found, _, __: annotations(found).get(PRUNE) == "disabled",
    ),
    (
        "it carries our label, but we have no record of applying it",
        lambda _, step, ownership: step.key not in ownership.inventory,
    ),
    ("pruning is off", lambda _, __, ownership: not ownership.policy.prune),
    (
        "it is protected by the sync option Prune=false",
        lambda _, step, __: step.options.prune is Consent.NO,
    ),
    (
        _UNCONFIRMED,
        lambda found, step, ownership: (
            step.options.prune is Consent.CONFIRM
            and not ownership.policy.confirmed
            and not _is_approved(found, ownership.policy.approved_since)
        ),
    ),
)


def _is_approved(found: Manifest, since: datetime | None) -> bool:
    """Tell whether somebody agreed on the object itself, as Argo CD has it: with a time.

    It is a yes to the deletion that git asks for now: what was approved once, came back and is
    removed again needs another.
    """
    times = (_time(annotations(found).get(name, "")) for name in DELETION_APPROVED)
    return any(time is not None and (since is None or time >= since) for time in times)


def _time(text: str) -> datetime | None:
    """Read a time with its zone; None where it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _unconfirmed(kept: Iterable[Step]) -> Iterator[Guard]:
    keys = tuple(sorted(step.key for step in kept if step.reason == _UNCONFIRMED))
    if keys:
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        yield Guard(
            rule="prune-needs-confirmation",
            message=f"pruning {keys[0]}{more} needs a confirmation: it has Prune=confirm. Confirm "
            f"the sync, or annotate it with {DELETION_APPROVED[0]} and the time, which has to be "
            "later than the commit",
            keys=keys,
        )


def _guard(
    prunes: list[Step], live: Mapping[ObjectKey, Manifest], ownership: Ownership
) -> Guard | None:
    keys = tuple(step.key for step in prunes)
    if keys and ownership.source_is_empty:
        return Guard(
            rule="empty-source",
            message=f"the source is empty, so nothing is pruned of {len(keys)} objects",
            keys=keys,
        )
    if len(keys) <= FEW or ownership.policy.confirmed:
        return None
    owned = sum(_is_ours(found, ownership.application) for found in live.values())
    if len(keys) * 2 > owned:
        return Guard(
            rule="prune-needs-confirmation",
            message=f"pruning {len(keys)} of {owned} objects needs a confirmation",
            keys=keys,
        )
    return None


def _kept(step: Step, reason: str) -> Step:
    return replace(step, action=Action.KEEP, reason=reason)


def _deletion(step: Step) -> tuple[bool, tuple[int, tuple[int, str, str, str]]]:
    """Sort what goes last to the end, of a list that is in reverse."""
    return (not step.options.prune_last, _place(step))


def _place(step: Step) -> tuple[int, tuple[int, str, str, str]]:
    return (step.wave, order.by_place(step.key))

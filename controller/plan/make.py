"""The plan of one sync, from everything that is known before the first write."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import groupby

from controller.definitions import hooks, syncoptions
from controller.definitions.findings import DefinitionId
from controller.definitions.hooks import Phase
from controller.diff.difference import Difference, Outcome
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import APPLICATION, is_being_deleted, labels
from controller.plan import order, orphans
from controller.plan.policy import Policy
from controller.plan.steps import Action, Guard, HookStep, Plan, Step
from controller.render.component import Component

_ACTIONS: Mapping[Outcome, tuple[Action, str]] = {
    Outcome.SAME: (Action.UNCHANGED, ""),
    Outcome.MISSING: (Action.CREATE, "it is not in the cluster"),
    Outcome.DIFFERENT: (Action.UPDATE, "it differs from git"),
    Outcome.UNDECIDED: (Action.UPDATE, "the comparison is undecided"),
}

NOTHING_CLAIMED: Mapping[ObjectKey, str] = {}


def make(  # noqa: PLR0913 -- everything that is known, by name
    *,
    application: str,
    revision: str,
    components: Sequence[Component],
    blocked: Iterable[tuple[DefinitionId, str]],
    live: Mapping[ObjectKey, Manifest],
    differences: Mapping[ObjectKey, Difference],
    inventory: AbstractSet[ObjectKey],
    policy: Policy,
    source_is_empty: bool,
    claims: Mapping[ObjectKey, str] = NOTHING_CLAIMED,
    unreadable: AbstractSet[str] = frozenset(),
) -> Plan:
    """Decide what a sync would do.

    Args:
        application: whose objects these are; also the value of their label.
        revision: the commit that is synced.
        components: what is desired.
        blocked: definitions without manifests this time, each with the reason.
        live: the live objects with the application's label.
        differences: desired against live, for every manifest of the components.
        inventory: what the application applied or was about to apply.
        policy: what may be done beyond writing what is desired.
        source_is_empty: whether the source yielded no definition at all.
        claims: objects that another application desires too, with its name.
        unreadable: files with definitions that could not be read.
    """
    known = _Known(application=application, differences=differences, claims=claims, policy=policy)
    sorted_out = _sort_out(components, known)
    steps = list(_steps(sorted_out.components, differences, policy))
    all_blocked = [*blocked, *sorted_out.refused]
    prunes, kept, guards = orphans.split(
        live,
        orphans.Ownership(
            application=application,
            desired={key for component in components for key in component.keys},
            hooks={str(component.id) for component in components if component.has_hooks},
            inventory=inventory,
            blocked={id_ for id_, _ in all_blocked},
            unreadable=unreadable,
            source_is_empty=source_is_empty,
            policy=policy,
        ),
    )
    return Plan(
        application=application,
        revision=revision,
        waves=_waves([s for s in steps if s.action is not Action.UNCHANGED], components),
        prunes=prunes,
        kept=kept,
        unchanged=tuple(step for step in steps if step.action is Action.UNCHANGED),
        blocked=tuple(all_blocked),
        guards=(*sorted_out.guards, *guards),
        hooks=tuple(_hooks(sorted_out.components)),
        depends_on={component.id: component.depends_on for component in components},
    )


@dataclass(kw_only=True)
class _SortedOut:
    """Components that may be written, and why the others may not."""

    components: list[Component] = field(default_factory=list)
    refused: list[tuple[DefinitionId, str]] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What decides whether a component may be written."""

    application: str
    differences: Mapping[ObjectKey, Difference]
    claims: Mapping[ObjectKey, str]
    policy: Policy


def _sort_out(components: Iterable[Component], known: _Known) -> _SortedOut:
    found = _SortedOut()
    for component in components:
        guards = [
            guard
            for key, manifest in zip(component.keys, component.manifests, strict=True)
            for guard in _guards(key, manifest, known)
        ]
        found.guards += [guard for guard, _ in guards]
        reasons = [guard.message for guard, is_refusal in guards if is_refusal]
        if reasons:
            found.refused.append((component.id, reasons[0]))
        else:
            found.components.append(component)
    return found


def _guards(key: ObjectKey, manifest: Manifest, known: _Known) -> Iterator[tuple[Guard, bool]]:
    """Give what is to be said of an object, each with whether its component is refused for it."""
    difference = known.differences.get(key)
    if difference is not None and difference.must_not_write:
        message = difference.message
        yield Guard(rule="cannot-be-compared", message=message, keys=(key,)), True
        return
    try:
        order.wave(manifest)
    except ValueError as error:
        yield Guard(rule="bad-sync-wave", message=f"{key}: {error}", keys=(key,)), True
    options = syncoptions.of_object(manifest, known.policy.options)
    found = difference.live if difference is not None else None
    owner = labels(found).get(APPLICATION) if found is not None else None
    other = owner if owner != known.application else None
    claimant = other or known.claims.get(key)
    if claimant:
        # Whoever has the object keeps it; where it is yet to be made, nobody is first.
        is_ours = owner == known.application and not options.fail_on_shared_resource
        yield _claimed(key, known.application, claimant), not is_ours
    elif found is not None and not owner and not options.adopt:
        message = (
            f"{key} exists and belongs to no application: rename yours, or take it over with "
            "the sync option Adopt=true (roster run --adopt)"
        )
        yield Guard(rule="exists-and-is-not-ours", message=message, keys=(key,)), True


def _claimed(key: ObjectKey, application: str, other: str) -> Guard:
    one, two = sorted((application, other))
    return Guard(
        rule="claimed-by-another-application",
        message=f"{key} is claimed by the applications {one!r} and {two!r}: remove it from one",
        keys=(key,),
    )


def _steps(
    components: Iterable[Component], differences: Mapping[ObjectKey, Difference], policy: Policy
) -> Iterator[Step]:
    for component in components:
        for key, manifest in component.lasting:
            difference = _foreseen(differences.get(key))
            action, reason = _action(difference)
            yield Step(
                action=action,
                key=key,
                component=component.id,
                manifest=(difference and difference.desired) or manifest,
                difference=difference,
                live=difference.live if difference else None,
                wave=order.wave(manifest, component.wave),
                options=syncoptions.of_object(manifest, policy.options),
                reason=(difference.message if difference else "") or reason,
            )


def _foreseen(difference: Difference | None) -> Difference | None:
    """Take what is being deleted for gone: whatever is written to it is lost with it."""
    if difference is None or not is_being_deleted(difference.live):
        return difference
    return replace(difference, outcome=Outcome.MISSING, changes=())


def _action(difference: Difference | None) -> tuple[Action, str]:
    if difference is None:
        return _ACTIONS[Outcome.UNDECIDED]
    if is_being_deleted(difference.live):
        return Action.CREATE, "it is being deleted, and is created anew when it is gone"
    return _ACTIONS[difference.outcome]


def _hooks(components: Iterable[Component]) -> list[HookStep]:
    found = [
        HookStep(
            phase=phase,
            key=key,
            component=component.id,
            manifest=manifest,
            hook=hook,
            wave=order.wave(manifest, component.wave),
        )
        for component in components
        if component.has_hooks
        for key, manifest in zip(component.keys, component.manifests, strict=True)
        if (hook := hooks.of(manifest)) is not None
        for phase in hook.phases
    ]
    phases = list(Phase)
    return sorted(
        found, key=lambda step: (phases.index(step.phase), step.wave, order.by_place(step.key))
    )


def _waves(steps: Iterable[Step], components: Iterable[Component]) -> tuple[tuple[Step, ...], ...]:
    """Group the writes by wave, and within by the length of the chain they depend on."""
    steps = tuple(steps)
    levels = order.levels(
        components, dict.fromkeys(step.component for step in steps if step.component)
    )

    def place(step: Step) -> tuple[int, int]:
        return (step.wave, levels[step.component] if step.component else 0)

    in_order = sorted(steps, key=lambda step: (place(step), order.by_place(step.key)))
    return tuple(tuple(group) for _, group in groupby(in_order, key=place))

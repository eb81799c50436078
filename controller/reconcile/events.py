"""Which Kubernetes Events an operation gives: one for each definition that it changed. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from controller.cluster.events import Event
from controller.objects import Manifest, ObjectKey
from controller.plan.steps import Plan, Step
from controller.state.records import ObjectResult, Operation

MOST = 25
"""Of one operation: a first sync of a thousand agents is no news about each of them."""
_PREFERRED = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "ConfigMap")
"""What people look at; a definition is told of by the first that it has."""


def of_operation(
    operation: Operation,
    plan: Plan,
    results: Iterable[ObjectResult],
    live: Callable[[ObjectKey], Manifest | None],
) -> tuple[Event, ...]:
    """Give the events of an operation that has ended, failures first, at most `MOST`."""
    by_key = {ObjectKey.parse(result.key): result for result in results}
    steps = _by_component(step for step in chain.from_iterable(plan.waves) if step.key in by_key)
    found = [
        event
        for group in steps
        for event in _of_component(
            operation, [by_key[step.key] for step in group], _regarding(group, plan, live)
        )
    ]
    return tuple(sorted(found, key=lambda event: event.type != "Warning")[:MOST])


def _by_component(steps: Iterable[Step]) -> Iterator[Sequence[Step]]:
    groups: dict[str, list[Step]] = {}
    for step in steps:
        groups.setdefault(str(step.component), []).append(step)
    yield from groups.values()


def _regarding(
    group: Sequence[Step], plan: Plan, live: Callable[[ObjectKey], Manifest | None]
) -> Manifest | None:
    """Give the live object that stands for a definition, changed or not; None where it has none."""
    component = group[0].component
    own = [*group, *(step for step in plan.unchanged if step.component == component)]
    ranked = sorted(
        (step for step in own if step.key.kind in _PREFERRED),
        key=lambda step: _PREFERRED.index(step.key.kind),
    )
    return next((found for step in ranked if (found := live(step.key)) is not None), None)


def _of_component(
    operation: Operation, results: Sequence[ObjectResult], regarding: Manifest | None
) -> Iterator[Event]:
    if regarding is None:
        return
    failed = [result for result in results if result.status == "SyncFailed"]
    revision = operation.revision[:7]
    if failed:
        note = f"Revision {revision}: {failed[0].key}: {failed[0].message}"
        yield Event(regarding=regarding, reason="SyncFailed", note=note, type="Warning")
    elif operation.initiated_by == "self-heal":
        fields = "; ".join(chain.from_iterable(result.changes for result in results))
        note = f"Brought back to revision {revision}{f': {fields}' if fields else ''}"
        yield Event(regarding=regarding, reason="DriftCorrected", note=note)
    else:
        by = operation.initiated_by
        note = f"Applied revision {revision} ({by}): {operation.message}"
        yield Event(regarding=regarding, reason="Synced", note=note)

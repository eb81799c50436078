"""What failed, and when it is tried again: a wait of its own for each component.

So one that fails for good neither holds up its neighbours nor is written again with each of their
changes. A wait ends early when git moves on, and when what the component refers to changes. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.definitions.findings import DefinitionId
from controller.health import HealthStatus
from controller.objects import content_hash
from controller.plan.steps import Plan, Step
from controller.reconcile import hookruns
from controller.render import blocking
from controller.state.records import ObjectResult, Retry, RetryPolicy
from controller.sync.results import FAILED, PRUNE_SKIPPED

_JITTER = 0.1
"""Share by which a wait is lengthened at random: what failed together must not return together."""

Health = Callable[[Step], HealthStatus]
"""How the object of a step is doing now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an operation came to, and the circumstances."""

    plan: Plan
    """That it carried out."""
    results: tuple[ObjectResult, ...]
    inputs: Mapping[str, str]
    """Of each unit, after it."""
    now: datetime
    chance: float
    """Uniform in [0, 1)."""


def unit(step: Step) -> str:
    """Give what is tried as a whole: the component, or the orphan by itself."""
    return str(step.component or step.key)


def inputs(plan: Plan, units: Iterable[str], health: Health) -> dict[str, str]:
    """Give a hash of what each unit is made of and of the state of what it refers to."""
    wanted = tuple(units)
    if not wanted:
        return {}
    steps: dict[str, list[Step]] = {}
    for step in (*plan.unchanged, *plan.changes):
        steps.setdefault(unit(step), []).append(step)
    pending = {unit(step) for step in plan.changes}
    blocked = {str(id_): reason for id_, reason in plan.blocked}

    def state(needed: DefinitionId) -> tuple[object, ...]:
        name = str(needed)
        well = all(health(step) is HealthStatus.HEALTHY for step in steps.get(name, ()))
        return (name, _made_of(steps.get(name, ())), name in pending, blocked.get(name), well)

    needs = {str(id_): sorted(needed) for id_, needed in plan.depends_on.items()}
    return {
        name: content_hash(
            {"of": _made_of(steps.get(name, ())), "needs": [*map(state, needs.get(name, ()))]}
        )
        for name in wanted
    }


def standing(plan: Plan, retries: Iterable[Retry]) -> dict[str, Retry]:
    """Give the failures by unit that are of this revision and not mended since."""
    if not retries:
        return {}
    pending = _units(plan)
    return {
        retry.unit: retry
        for retry in retries
        if retry.revision == plan.revision and retry.unit in pending
    }


def waiting(
    standing: Mapping[str, Retry], inputs: Mapping[str, str], policy: RetryPolicy, now: datetime
) -> dict[str, Retry]:
    """Give the units that are not to be tried now, each with its wait."""
    return {
        name: retry
        for name, retry in standing.items()
        if retry.inputs == inputs.get(name) and not _is_over(retry, policy, now)
    }


def left_out(plan: Plan, waiting: Iterable[str]) -> frozenset[str]:
    """Give the units that wait and those that depend on one, which would be refused anyway."""
    named = frozenset(waiting)
    broken = {step.component for step in plan.changes if step.component and unit(step) in named}
    return named | {str(id_) for id_ in blocking.closure(broken, plan.depends_on)}


def after(before: Iterable[Retry], outcome: Outcome, policy: RetryPolicy) -> tuple[Retry, ...]:
    """Give the waits after an operation: what failed again waits longer, what was done no more."""
    plan = outcome.plan
    known = {retry.unit: retry for retry in before if retry.revision == plan.revision}
    tried = _units(plan)
    kept = [retry for name, retry in known.items() if name not in tried]
    again = [
        _again(known.get(name), name, message, outcome, policy)
        for name, message in failed(plan, outcome.results).items()
    ]
    return tuple(sorted([*kept, *again], key=lambda retry: retry.unit))


def failed(plan: Plan, results: Sequence[ObjectResult]) -> dict[str, str]:
    """Give the units of a plan that failed, each with the first cause."""
    by_key = {str(step.key): unit(step) for step in plan.changes}
    found: dict[str, str] = {}
    for result in results:
        if result.key in by_key and result.status in {FAILED, PRUNE_SKIPPED}:
            found.setdefault(by_key[result.key], result.message)
    if message := hookruns.failure(results):
        found[hookruns.UNIT] = message
    return found


def _units(plan: Plan) -> set[str]:
    hooks = {hookruns.UNIT} if plan.hooks else set()
    return hooks | {unit(step) for step in plan.changes}


def _is_over(retry: Retry, policy: RetryPolicy, now: datetime) -> bool:
    if retry.next_at is None:
        return False
    # A wait longer than any can be means that the clock was set back.
    longest = timedelta(seconds=policy.max_duration_s * (1.0 + _JITTER))
    return retry.next_at <= now or retry.next_at - now > longest


def _again(
    before: Retry | None, name: str, message: str, outcome: Outcome, policy: RetryPolicy
) -> Retry:
    now_inputs = outcome.inputs.get(name, "")
    is_same = before is not None and before.inputs == now_inputs
    tries = before.tries + 1 if before is not None and is_same else 1
    return Retry(
        unit=name,
        revision=outcome.plan.revision,
        inputs=now_inputs,
        tries=tries,
        next_at=_due(tries, name, outcome, policy),
        message=message,
    )


def _due(tries: int, name: str, outcome: Outcome, policy: RetryPolicy) -> datetime | None:
    limit = policy.hook_limit if name == hookruns.UNIT else policy.limit
    if 0 <= limit < tries:
        return None
    # The exponent is capped because a float overflows after a thousand failures.
    grown = policy.duration_s * policy.factor ** min(tries - 1, 64)
    delay_s = min(grown, policy.max_duration_s) * (1.0 + _JITTER * outcome.chance)
    return outcome.now + timedelta(seconds=delay_s)


def _made_of(steps: Iterable[Step]) -> list[str]:
    return sorted(content_hash(step.manifest) for step in steps if step.manifest)

"""What a sync would do, as an answer: a plan with a masked diff for each object."""

from collections.abc import Iterable

from controller.api import planshapes, shapes
from controller.api.present import reference
from controller.diff import format as diff_format
from controller.plan.steps import Plan, Step
from controller.telemetry import redact


def plan(made: Plan) -> planshapes.PlanShape:
    """Give a plan: writes in their order, then prunes, then what is kept."""
    return planshapes.PlanShape(
        application=made.application,
        revision=made.revision,
        is_empty=made.is_empty,
        changes=[_change(step) for step in _steps(made)],
        guards=[
            planshapes.GuardShape(
                rule=guard.rule,
                message=guard.message,
                objects=[shapes.ObjectRef(**reference(key)) for key in guard.keys],
            )
            for guard in made.guards
        ],
        blocked=[
            planshapes.BlockedShape(component=str(definition), reason=redact(reason))
            for definition, reason in made.blocked
        ],
    )


def _steps(made: Plan) -> Iterable[Step]:
    for wave in made.waves:
        yield from wave
    yield from made.prunes
    yield from made.kept


def _change(step: Step) -> planshapes.ChangeShape:
    return planshapes.ChangeShape(
        **reference(step.key),
        action=step.action,
        component=str(step.component or ""),
        wave=step.wave,
        reason=step.reason,
        diff=diff_format.unified(step.difference) if step.difference else "",
    )

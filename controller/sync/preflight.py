"""Asks the server about what is going to be written, before the first write.

Most is known by then: existing objects that differ were tried while they were compared, and new
ones of built-in kinds fit the schema or were never rendered. What is left is custom kinds, and
objects whose options ask for it. An object that fails keeps its component from being written, and
those that depend on it; its neighbours go on.
"""

from collections.abc import Iterator
from concurrent.futures import Executor as Pool
from itertools import chain

from controller.cluster.client import Client
from controller.cluster.errors import UnknownKindError
from controller.definitions.findings import DefinitionId
from controller.definitions.syncoptions import Conflicts, Validation
from controller.diff.difference import Outcome
from controller.errors import RosterError
from controller.plan.steps import Action, Plan, Step
from controller.schemas import validate
from controller.sync import write

_CANNOT_TRY = "does not support dry run"
"""An admission webhook says so of itself; whether it takes the object shows at the write (Flux
issue 4073: everything was refused on its account)."""


def failures(plan: Plan, client: Client, pool: Pool) -> Iterator[tuple[DefinitionId, str]]:
    """Give the components that must not be written, each with the object and the reason."""
    steps = tuple(chain.from_iterable(plan.waves))
    makes = _Makes(steps)
    asked = [step for step in steps if _is_open(step)]
    answers = pool.map(lambda step: _refusal(step, client, makes), asked)
    for step, reason in chain(((s, _known(s)) for s in steps), zip(asked, answers, strict=True)):
        if reason and step.component and _CANNOT_TRY not in reason:
            yield step.component, f"{step.key}: {reason}"


class _Makes:
    """What the plan itself will make: objects in it cannot be tried before."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.namespaces = {step.key.name for step in steps if step.key.kind == "Namespace"}
        self.kinds = {
            (str(spec.get("group")), str((spec.get("names") or {}).get("kind")))
            for step in steps
            if step.key.kind == "CustomResourceDefinition"
            for spec in [(step.manifest or {}).get("spec") or {}]
        }


def _known(step: Step) -> str:
    """Give what the comparison's dry-run said of an object that exists."""
    difference = step.difference
    if difference is None or difference.outcome is not Outcome.UNDECIDED:
        return ""
    # These write in another way than the dry-run tried.
    return "" if step.options.force or step.options.replace else difference.message


def _is_open(step: Step) -> bool:
    if step.options.validation is Validation.NONE:
        return False
    if step.action is not Action.CREATE:
        return step.options.conflicts is Conflicts.FAIL and not step.options.force
    return step.options.validation is Validation.SERVER or not validate.knows(step.manifest or {})


def _refusal(step: Step, client: Client, makes: _Makes) -> str:
    is_made = (step.key.group, step.key.kind) in makes.kinds
    if is_made or step.key.namespace in makes.namespaces:
        return ""
    try:
        write.apply(step, step.manifest or {}, client, dry_run=True)
    except UnknownKindError as error:
        return "" if step.options.skip_dry_run_on_missing_resource else str(error)
    except RosterError as error:
        return str(error)
    return ""

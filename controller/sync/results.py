"""What became of each object, in the form that history keeps."""

from controller.diff import format as text
from controller.plan.steps import Step
from controller.state.records import ObjectResult

SYNCED = "Synced"
FAILED = "SyncFailed"
PRUNED = "Pruned"
PRUNE_SKIPPED = "PruneSkipped"
HOOK_SKIPPED = "HookSkipped"


def result(step: Step, status: str, message: str = "") -> ObjectResult:
    """Give the result of a step, with the fields that it changed."""
    changes = step.difference.changes if step.difference else ()
    return ObjectResult(
        key=str(step.key),
        action=str(step.action),
        status=status,
        message=message,
        changes=tuple(text.change(change) for change in changes),
    )

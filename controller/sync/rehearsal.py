"""What a sync would do, asked of the server object by object; nothing is written."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from controller.cluster.client import Client
from controller.cluster.errors import NotFoundError
from controller.errors import RosterError
from controller.plan.steps import Plan, Step
from controller.state.records import ObjectResult
from controller.sync import hooks, write
from controller.sync.results import FAILED, HOOK_SKIPPED, PRUNE_SKIPPED, PRUNED, SYNCED, result


def results(plan: Plan, client: Client, pool: ThreadPoolExecutor) -> Iterator[ObjectResult]:
    """Give what would become of each object that a sync would touch."""
    started_s = int(time.time())
    for hook in plan.hooks:
        yield ObjectResult(
            key=str(hooks.named(hook, plan.revision, started_s).key),
            action="create",
            status=HOOK_SKIPPED,
            message="would run (dry run)",
            sync_phase=hook.phase,
        )
    yield from pool.map(lambda step: _tried(step, client), chain.from_iterable(plan.waves))
    for step in plan.prunes:
        yield result(step, PRUNED, "would be deleted (dry run)")
    for step in plan.kept:
        yield result(step, PRUNE_SKIPPED, step.reason)


def _tried(step: Step, client: Client) -> ObjectResult:
    try:
        write.apply(step, step.manifest or {}, client, dry_run=True)
    except NotFoundError as error:
        # Its namespace or kind may be made by the same sync.
        return result(step, SYNCED, f"would be written, and cannot be tried yet: {error.message}")
    except RosterError as error:
        return result(step, FAILED, str(error))
    return result(step, SYNCED, f"would be {step.action}d (dry run)")

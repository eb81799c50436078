"""Deletes one object, after looking at it once more."""

from controller.cluster.client import Client
from controller.cluster.live import LiveState
from controller.definitions import syncoptions
from controller.definitions.syncoptions import Consent
from controller.errors import RosterError
from controller.objects import Manifest
from controller.objects.metadata import APPLICATION, PRUNE, annotations, labels
from controller.plan.steps import Plan, Step
from controller.state.records import ObjectResult
from controller.sync.results import PRUNE_SKIPPED, PRUNED, result


def delete(step: Step, plan: Plan, client: Client, live: LiveState) -> ObjectResult:
    """Delete an orphan if it is still the object that the plan meant, and still ours.

    A refusal (an admission webhook, missing rights) leaves it tracked: the next sync tries again.
    """
    try:
        found = client.get(step.key, str((step.live or {}).get("apiVersion", "")))
        if found is None:
            live.gone(step.live or {})
            return result(step, PRUNED, "was gone already")
        if reason := _changed(step.live or {}, found, plan.application):
            return result(step, PRUNE_SKIPPED, reason)
        left = client.delete(
            found,
            uid=str(found["metadata"]["uid"]),
            propagation=step.options.propagation.capitalize(),
        )
        # Noted now: the next comparison must not plan the same deletion again.
        if left is None:
            live.gone(found)
        else:
            live.deleting(left)
    except RosterError as error:
        return result(step, PRUNE_SKIPPED, str(error))
    return result(step, PRUNED, "deleted")


def _changed(planned: Manifest, found: Manifest, application: str) -> str:
    if found["metadata"].get("uid") != (planned.get("metadata") or {}).get("uid"):
        return "another object has its name now"
    if labels(found).get(APPLICATION) != application:
        return "it does not carry our label any more"
    if annotations(found).get(PRUNE) == "disabled":
        return f"it is protected by {PRUNE}: disabled"
    if syncoptions.of_object(found).prune is Consent.NO:
        return "it is protected by the sync option Prune=false"
    return ""

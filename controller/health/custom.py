"""Health of any other kind by the conventions of kstatus.

Source: kubernetes-sigs/cli-utils, `pkg/kstatus/status/core.go`.
"""

from controller.health.conditions import (
    HEALTHY,
    condition,
    degraded,
    is_true,
    is_unobserved,
    message_of,
    progressing,
    status,
)
from controller.health.status import Health
from controller.objects import Manifest


def resource(manifest: Manifest) -> Health:
    """Judge an object by generation and by the conditions Reconciling, Stalled and Ready."""
    if status(manifest).get("observedGeneration") is not None and is_unobserved(manifest):
        return progressing("Waiting for the new spec to be observed.")
    if is_true(manifest, "Stalled"):
        return degraded(message_of(condition(manifest, "Stalled")))
    if is_true(manifest, "Reconciling"):
        return progressing(message_of(condition(manifest, "Reconciling")))
    ready = condition(manifest, "Ready")
    if ready and ready.get("status") != "True":
        return progressing(message_of(ready))
    return HEALTHY

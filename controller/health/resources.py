"""Health of what is neither a workload nor a custom resource."""

from controller.health.conditions import (
    HEALTHY,
    condition,
    degraded,
    is_true,
    message_of,
    progressing,
    spec,
    status,
)
from controller.health.status import Health
from controller.objects import Manifest

_AUTOSCALER_FAILURES = frozenset({"FailedGetScale", "FailedUpdateScale", "InvalidSelector"})


def volume_claim(manifest: Manifest) -> Health:
    """Judge a PersistentVolumeClaim by its phase."""
    match status(manifest).get("phase"):
        case "Bound":
            return HEALTHY
        case "Lost":
            return degraded("The volume of this claim is lost.")
        case phase:
            return progressing(f"The claim is {phase or 'not yet seen'}.")


def service(manifest: Manifest) -> Health:
    """Judge a Service: only a load balancer has something to wait for."""
    if spec(manifest).get("type") != "LoadBalancer" or _has_address(manifest):
        return HEALTHY
    return progressing("The load balancer has no address yet.")


def ingress(manifest: Manifest) -> Health:
    """Judge an Ingress by its address.

    Controllers that publish none leave it Progressing for ever; such an Ingress says
    `roster.dev/health: ignore` on itself.
    """
    if _has_address(manifest):
        return HEALTHY
    return progressing("The ingress has no address yet.")


def autoscaler(manifest: Manifest) -> Health:
    """Judge a HorizontalPodAutoscaler by its three conditions."""
    for kind in ("AbleToScale", "ScalingActive"):
        found = condition(manifest, kind)
        reason = str(found.get("reason", ""))
        failed = reason in _AUTOSCALER_FAILURES or reason.startswith("FailedGet")
        if found.get("status") == "False" and failed:
            return degraded(message_of(found))
    if is_true(manifest, "AbleToScale") or is_true(manifest, "ScalingLimited"):
        return HEALTHY
    return progressing("Waiting for the first look at the metrics.")


def definition(manifest: Manifest) -> Health:
    """Judge a CustomResourceDefinition: names accepted, then established."""
    names, made = condition(manifest, "NamesAccepted"), condition(manifest, "Established")
    if names.get("status") == "False":
        return degraded(message_of(names))
    if is_true(manifest, "Terminating"):
        return progressing("The definition is being deleted.")
    if made.get("status") == "True":
        return HEALTHY
    if made.get("status") == "False" and made.get("reason") != "Installing":
        return degraded(message_of(made))
    return progressing(message_of(made) or "The definition is not established yet.")


def api_service(manifest: Manifest) -> Health:
    """Judge an APIService by its availability."""
    if is_true(manifest, "Available"):
        return HEALTHY
    return progressing(message_of(condition(manifest, "Available")) or "Not available yet.")


def _has_address(manifest: Manifest) -> bool:
    return bool((status(manifest).get("loadBalancer") or {}).get("ingress"))

"""Readers of what every status has in common."""

from collections.abc import Mapping
from typing import Any

from controller.health.status import Health, HealthStatus
from controller.objects import Manifest

HEALTHY = Health(HealthStatus.HEALTHY)


def progressing(message: str) -> Health:
    """Give Progressing with what it waits for."""
    return Health(HealthStatus.PROGRESSING, message)


def degraded(message: str) -> Health:
    """Give Degraded with what is wrong."""
    return Health(HealthStatus.DEGRADED, message)


def spec(manifest: Manifest) -> Mapping[str, Any]:
    """Give the object's spec, empty where it has none."""
    return manifest.get("spec") or {}


def status(manifest: Manifest) -> Mapping[str, Any]:
    """Give the object's status, empty where it has none."""
    return manifest.get("status") or {}


def count(mapping: Mapping[str, Any], name: str, default: int = 0) -> int:
    """Give a number of a spec or status, the default where it is missing."""
    value = mapping.get(name)
    return default if value is None else int(value)


def condition(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    """Give the condition of a type, empty where there is none."""
    for entry in status(manifest).get("conditions") or ():
        if entry.get("type") == kind:
            found: Mapping[str, Any] = entry
            return found
    return {}


def is_true(manifest: Manifest, kind: str) -> bool:
    """Tell whether the condition of a type is there and True."""
    return condition(manifest, kind).get("status") == "True"


def message_of(entry: Mapping[str, Any]) -> str:
    """Give a condition's text: its message, else its reason."""
    return str(entry.get("message") or entry.get("reason") or "")


def is_unobserved(manifest: Manifest) -> bool:
    """Tell whether the controller of the kind has yet to see the newest spec."""
    generation = (manifest.get("metadata") or {}).get("generation")
    observed = status(manifest).get("observedGeneration")
    return generation is not None and int(generation) > int(observed or 0)

"""Health statuses, in the words and the order of Argo CD."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class HealthStatus(StrEnum):
    """Statuses from best to worst (gitops-engine `pkg/health/health.go`)."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A status and, where it is not Healthy, why."""

    status: HealthStatus
    message: str = ""


_ORDER = tuple(HealthStatus)


def worst(healths: Iterable[Health]) -> Health:
    """Give the worst of several; Healthy where there are none."""
    return max(
        healths,
        key=lambda health: _ORDER.index(health.status),
        default=Health(HealthStatus.HEALTHY),
    )

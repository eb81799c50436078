"""Objects as `kubectl get -o yaml` prints them; each file's name says what to expect."""

from pathlib import Path

import pytest
import yaml

from controller.health.assess import assess
from controller.health.status import Health, HealthStatus, worst

OBJECTS = Path(__file__).parent / "objects"


@pytest.mark.parametrize("file", sorted(OBJECTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_health_is_as_the_file_name_says(file: Path) -> None:
    expected = HealthStatus(file.stem.split("-")[1].capitalize())

    found = assess(yaml.safe_load(file.read_text()))

    assert found.status is expected, found.message
    assert bool(found.message) == (expected is not HealthStatus.HEALTHY)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("deployment-degraded-deadline", "has timed out progressing"),
        ("deployment-progressing-updating", "1 of 2 new replicas have been updated."),
        ("statefulset-progressing-partition", "1 of 2 pods are updated."),
        ("pod-degraded-crash-loop", "Container kagent: CrashLoopBackOff: ended with exit code 1"),
        ("pod-degraded-init-container", "Container skills-init: CrashLoopBackOff"),
        ("pod-degraded-restarted", "Container kagent ran out of memory (OOMKilled)."),
        ("pod-degraded-failed", "ended with exit code 3 (config.json: no model)."),
        ("pod-degraded-evicted", "low on resource: memory"),
        ("pod-progressing-pending", "3 Insufficient memory"),
        ("custom-degraded-stalled", "size is too large"),
    ],
)
def test_the_message_says_why(name: str, message: str) -> None:
    found = assess(yaml.safe_load((OBJECTS / f"{name}.yaml").read_text()))

    assert message in found.message


def test_the_worst_counts() -> None:
    healths = [Health(HealthStatus.HEALTHY), Health(HealthStatus.DEGRADED, "why")]

    assert worst(healths) == healths[1]
    assert worst([]).status is HealthStatus.HEALTHY

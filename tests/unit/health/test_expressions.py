"""Checks of one's own, with the example of Flux's documentation."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.errors import UsageError
from controller.health.assess import assess
from controller.health.expressions import assessor
from controller.health.status import Health, HealthStatus
from controller.settings import HealthCheck

OBJECTS = Path(__file__).parent / "objects"
READY = "status.conditions.filter(e, e.type == 'Ready')"
CLAIM = {
    "apiVersion": "database.example/v1",
    "kind": "Claim",
    "inProgress": f"{READY}.all(e, e.status == 'Unknown')",
    "failed": f"{READY}.exists(e, e.status == 'False' && e.reason == 'Refused')",
    "current": f"{READY}.all(e, e.status == 'True')",
}


def judged(status: Any, *, check: dict[str, Any] | None = None, **more: Any) -> Health:
    judge = assessor([HealthCheck.model_validate(check or CLAIM)])
    claim = {
        "apiVersion": "database.example/v1beta1",
        "kind": "Claim",
        "metadata": {"name": "a", "generation": 2},
        **more,
    }
    return judge(claim if status is None else {**claim, "status": status})


def ready(value: str, reason: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": value, "reason": reason}]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ready("True"), HealthStatus.HEALTHY),
        (ready("Unknown"), HealthStatus.PROGRESSING),
        (ready("False", "Refused"), HealthStatus.DEGRADED),
        (ready("False", "Waiting"), HealthStatus.PROGRESSING),
        ({**ready("True"), "observedGeneration": 1}, HealthStatus.PROGRESSING),
        ({**ready("True"), "observedGeneration": 2}, HealthStatus.HEALTHY),
        ({}, HealthStatus.PROGRESSING),
        (None, HealthStatus.PROGRESSING),
    ],
    ids=["current", "in progress", "failed", "none", "unobserved", "observed", "empty", "new"],
)
def test_the_first_true_expression_decides(status: Any, expected: HealthStatus) -> None:
    assert judged(status).status is expected


def test_a_deleted_object_is_going_whatever_the_check_says() -> None:
    metadata = {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}

    assert judged(ready("True"), metadata=metadata).message == "Pending deletion."


@pytest.mark.parametrize(
    ("current", "status", "message"),
    [
        ("status.size + 'x' == 'x'", {"size": 1}, "The health check `current` failed: "),
        ("status.size", {"size": 1}, "The health check `current` gave 1, not true or false."),
        ("unknown(status)", {}, "The health check `current` failed: Undefined variable"),
        (
            "status.l.all(a, status.l.exists(b, b == a))",
            {"l": list(range(1000))},
            "The health check `current` would take too long: a list has 1000 items.",
        ),
    ],
    ids=["types", "no boolean", "no such function", "too much work"],
)
def test_what_cannot_be_evaluated_is_unknown(current: str, status: Any, message: str) -> None:
    check = {"apiVersion": "database.example/v1", "kind": "Claim", "current": current}
    found = judged(status, check=check)

    assert found.status is HealthStatus.UNKNOWN
    assert found.message.startswith(message)


def test_parentheses_in_texts_do_not_hide_macros() -> None:
    text = "status.l.all(a, ')' != a && status.l.exists(b, b == a))"
    check = {"apiVersion": "database.example/v1", "kind": "Claim", "current": text}

    assert "too long" in judged({"l": ["x"] * 1000}, check=check).message


@pytest.mark.parametrize("text", ["1 +", "x" * 3000], ids=["syntax", "length"])
def test_a_wrong_expression_is_refused_at_the_start(text: str) -> None:
    check = HealthCheck.model_validate({**CLAIM, "failed": text})

    with pytest.raises(UsageError, match="`failed`"):
        assessor([check])


def test_other_kinds_keep_their_rules() -> None:
    deployment = yaml.safe_load((OBJECTS / "deployment-degraded-deadline.yaml").read_text())
    judge = assessor([HealthCheck.model_validate(CLAIM)])

    assert judge(deployment) == assess(deployment)
    assert assessor([]) is assess


def test_a_check_takes_the_place_of_a_rule() -> None:
    deployment = yaml.safe_load((OBJECTS / "deployment-degraded-deadline.yaml").read_text())
    check = {"apiVersion": "apps/v1", "kind": "Deployment", "current": "spec.replicas > 0"}

    found = assessor([HealthCheck.model_validate(check)])(deployment)

    assert found.status is HealthStatus.HEALTHY

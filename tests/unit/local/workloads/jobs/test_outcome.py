from datetime import UTC, datetime

from controller.local.workloads.jobs import outcome


def test_suspension_is_told() -> None:
    job = {"spec": {"suspend": True}, "status": {}}
    status = outcome.status_of(job, [], None, datetime(2026, 1, 1, tzinfo=UTC))

    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [
        ("Suspended", "True", "JobSuspended")
    ]
    assert "startTime" not in status

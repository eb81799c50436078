from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.reconcile.workqueue import Trigger


def test_process_is_alive(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok", "message": ""}


@pytest.mark.parametrize(
    ("ready", "status"), [((True, ""), 200), ((False, "waiting for the cluster"), 503)]
)
def test_readiness_says_what_it_waits_for(
    client: FlaskClient, controller: Any, ready: tuple[bool, str], status: int
) -> None:
    controller.is_ready = ready
    response = client.get("/readyz")

    assert response.status_code == status
    assert response.get_json()["message"] == ready[1]


def test_version_is_told(client: FlaskClient) -> None:
    assert client.get("/api/version").get_json()["version"] == "9.9.9"


@pytest.mark.usefixtures("stored")
def test_metrics_count_what_there_is(client: FlaskClient, stored: Any) -> None:
    stored.queue.add("agents", trigger=Trigger.POLL)
    client.get("/healthz")
    text = client.get("/metrics").get_data(as_text=True)

    assert 'roster_applications{health="Degraded",sync="OutOfSync"} 1.0' in text
    assert "roster_queue_depth 1.0" in text
    assert 'roster_build_info{python="' in text
    assert 'roster_http_request_duration_seconds_count{code="200",endpoint="system.healthz"' in text


def test_metrics_have_no_label_that_callers_choose(client: FlaskClient) -> None:
    client.open("/healthz", method="FROBNICATE")
    client.get("/some/path/of/mine")
    text = client.get("/metrics").get_data(as_text=True)

    assert "FROBNICATE" not in text
    assert "/some/path" not in text

from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from controller.api import flask_app
from controller.errors import PermanentError, TransientError, UsageError

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def failing(controller: Any) -> FlaskClient:
    """An application with a view that fails as the test says."""
    app = flask_app.create(controller.services())
    failures = {
        "transient": TransientError("busy", remedy="wait", retry_after_s=7.4),
        "permanent": PermanentError("https://a:hunter2@b refused", remedy="correct it"),
        "usage": UsageError("nonsense"),
        "bug": ZeroDivisionError("hunter2"),
    }

    @app.route("/fail/<kind>")
    def fail(kind: str) -> flask.Response:
        raise failures[kind]

    return app.test_client()


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("transient", 503, "Unavailable"),
        ("permanent", 409, "Refused"),
        ("usage", 400, "BadRequest"),
        ("bug", 500, "InternalError"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "application/json", BROWSER, None])
def test_failures_are_told_in_one_shape(
    failing: FlaskClient, kind: str, status: int, error: str, accept: str | None
) -> None:
    response = failing.get(f"/fail/{kind}", headers={"Accept": accept} if accept else {})
    text = response.get_data(as_text=True)

    assert response.status_code == status
    assert error in text
    assert "hunter2" not in text
    assert "Traceback" not in text
    is_page = accept == BROWSER
    assert response.mimetype == ("text/html" if is_page else "application/json")


def test_transient_failures_say_when_to_come_back(failing: FlaskClient) -> None:
    assert failing.get("/fail/transient").headers["Retry-After"] == "7"


def test_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    response = client.delete("/healthz")

    assert (response.status_code, response.get_json()["error"]) == (405, "MethodNotAllowed")
    assert "GET" in response.headers["Allow"]


def test_page_for_a_browser_escapes_what_it_shows(client: FlaskClient) -> None:
    path = "/applications/%3Cscript%3Ealert(1)%3C/script%3E"
    response = client.get(path, headers={"Accept": BROWSER})

    assert response.status_code == 404
    assert "<script>alert" not in response.get_data(as_text=True)

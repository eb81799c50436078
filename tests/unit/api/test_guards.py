from typing import Any

import pytest
from flask.testing import FlaskClient

SYNCS = ("/applications/agents/sync", "/api/v1/applications/agents/sync")


@pytest.mark.parametrize("path", SYNCS)
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:81"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_writes_are_taken_from_our_own_pages_only(
    client: FlaskClient, stored: Any, path: str, headers: dict[str, str], *, allowed: bool
) -> None:
    response = client.post(path, headers=headers)

    assert (response.status_code in {202, 303}) is allowed
    assert bool(stored.requests) is allowed
    if not allowed:
        assert (response.status_code, response.get_json()["error"]) == (403, "ForeignOrigin")


def test_reading_is_not_a_write(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("path", ["/", "/healthz", "/nope", "/static/roster.css", "/metrics"])
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        headers = response.headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Access-Control-Allow-Origin" not in headers

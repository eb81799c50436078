import json
from typing import Any

import pytest
from flask.testing import FlaskClient

AGENT = {"X-Agent-Name": "agents__NS__triage", "X-User-Id": "ada"}


def talk(client: FlaskClient, key: str, *said: tuple[str, str]) -> None:
    body = {"agent_ref": AGENT["X-Agent-Name"], "id": key}
    client.post("/api/sessions", json=body, headers=AGENT)
    items = [
        {
            "id": f"{key}-{number}",
            "data": {"author": author, "content": {"parts": [{"text": text}]}},
        }
        for number, (author, text) in enumerate(said)
    ]
    client.post(f"/api/sessions/{key}/events", json={"items": items}, headers=AGENT)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_without_sessions_the_page_says_how_one_begins(client: FlaskClient) -> None:
    assert "No sessions yet" in page(client, "/sessions")


def test_the_list_shows_what_was_said_escaped(client: FlaskClient) -> None:
    talk(client, "s1", ("user", "Is <b>this</b> bold?"), ("agent", "No."))
    found = page(client, "/sessions")

    assert "Is &lt;b&gt;this&lt;/b&gt; bold?" in found
    assert "agents/triage" in found


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("q=bold", True),
        ("q=italic", False),
        ("agent=agents/triage&user=ada", True),
        ("user=bob", False),
        ("state=failed", False),
    ],
)
def test_the_list_can_be_narrowed(client: FlaskClient, query: str, *, is_there: bool) -> None:
    talk(client, "s1", ("user", "Make it bold"))
    found = page(client, f"/sessions?{query}")

    assert ("Make it bold" in found) is is_there
    assert ("No session is like that" in found) is not is_there


def test_the_list_comes_in_pages(client: FlaskClient) -> None:
    for number in range(52):
        talk(client, f"s{number}", ("user", f"Number {number}."))
    first = page(client, "/sessions")
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")

    assert "Number 51." in first
    assert "Number 1." not in first
    assert "Number 1." in page(client, older)


def test_a_session_is_a_conversation(client: FlaskClient, make: Any) -> None:
    talk(client, "s1", ("user", "Sort this"), ("agent", "Sorted."))
    call = {"functionCall": {"id": "c1", "name": "sort", "args": {"by": "<i>"}}}
    event = {"author": "agent", "content": {"parts": [call]}}
    pending = {"roster": {"pending": [{"id": "c1"}]}}
    body = {"id": "e", "data": json.dumps({**event, "customMetadata": pending})}
    client.post("/api/sessions/s1/events", json=body, headers=AGENT)
    found = page(client, "/sessions/s1?user_id=ada")

    for words in ("Sort this", "Sorted.", "by: &lt;i&gt;", "Waiting", make.revision[:7]):
        assert words in found
    assert "<i>" not in found


def test_an_unknown_session_is_not_found(client: FlaskClient) -> None:
    response = client.get("/sessions/x", headers={"Accept": "text/html"})

    assert response.status_code == 404
    assert "/sessions lists the sessions." in response.text

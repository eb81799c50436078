"""Talking to an agent in a real browser; what the gateway says is scripted."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route

DELETE = {"id": "c1", "name": "delete_note", "args": {"title": "shopping"}}


def artifact(text: str, *, append: bool = True) -> dict[str, Any]:
    shown = {"artifactId": "a", "parts": [{"kind": "text", "text": text}]}
    place = {"contextId": "s1", "taskId": "t1"}
    return {"kind": "artifact-update", "artifact": shown, "append": append, **place}


def status(state: str, *parts: dict[str, Any]) -> dict[str, Any]:
    told = {"state": state, **({"message": {"parts": list(parts)}} if parts else {})}
    return {"kind": "status-update", "taskId": "t1", "contextId": "s1", "status": told}


CALLED = status(
    "working", {"kind": "data", "data": DELETE, "metadata": {"kagent_type": "function_call"}}
)
ASKED = status(
    "input-required", {"kind": "data", "data": {"args": {"originalFunctionCall": DELETE}}}
)


def events(*results: dict[str, Any], error: str = "") -> str:
    told = [{"result": result} for result in results]
    told += [{"error": {"code": -32603, "message": error}}] if error else []
    return "".join(f"data: {json.dumps(one)}\n\n" for one in told)


def script(page: Page, *answers: str) -> list[dict[str, Any]]:
    """Answer what is said to the agent in turn, and remember it."""
    left, said = list(answers), []

    def answer(route: Route) -> None:
        said.append(route.request.post_data_json)
        route.fulfill(content_type="text/event-stream", body=left.pop(0))

    page.route("**/api/a2a/agents/triage", answer)
    return said


def say(page: Page, text: str) -> None:
    page.get_by_label("Message to triage").fill(text)
    page.keyboard.press("Enter")


def is_free(page: Page) -> None:
    page.get_by_role("button", name="Send").wait_for()


def test_pieces_of_an_answer_become_one(page: Page) -> None:
    whole = artifact("Hello there.", append=False)
    said = script(page, events(artifact("Hello "), artifact("there."), whole, status("completed")))
    page.goto("/chat/agents/triage")
    say(page, "Hello!")
    is_free(page)

    assert page.locator(".bubble.is-user").inner_text() == "Hello!"
    assert page.locator(".bubble.is-agent").inner_text() == "Hello there."
    assert said[0]["method"] == "message/stream"
    assert page.url.endswith("?session=s1")


def test_a_second_turn_goes_on_with_the_session(page: Page) -> None:
    done = events(artifact("Yes."), status("completed"))
    said = script(page, done, done)
    page.goto("/chat/agents/triage")
    say(page, "One?")
    is_free(page)
    say(page, "Two?")
    page.locator(".bubble.is-agent").nth(1).wait_for()

    assert [one["params"]["message"].get("contextId") for one in said] == [None, "s1"]
    assert "taskId" not in said[1]["params"]["message"]


@pytest.mark.parametrize("word", ["Approve", "Reject"])
def test_a_tool_waits_for_a_decision(page: Page, word: str) -> None:
    said = script(page, events(CALLED, ASKED), events(artifact("Well."), status("completed")))
    page.goto("/chat/agents/triage")
    say(page, "Delete it")
    decision = page.get_by_role("group", name="Decide on delete_note")
    assert "shopping" in decision.inner_text()
    decision.get_by_label("If not, why").fill("I need it")
    decision.get_by_role("button", name=word).click()
    page.get_by_text("Well.").wait_for()

    message = said[1]["params"]["message"]
    assert (message["taskId"], message["contextId"]) == ("t1", "s1")
    assert message["parts"][0]["data"] == {
        "decision_type": "batch",
        "decisions": {"c1": word.lower()},
        "rejection_reasons": {"c1": "I need it"} if word == "Reject" else {},
    }


def test_questions_of_an_agent_are_answered(page: Page) -> None:
    ask = {"id": "q1", "name": "ask_user", "args": {"questions": [{"question": "Which one?"}]}}
    asked = status(
        "input-required", {"kind": "data", "data": {"args": {"originalFunctionCall": ask}}}
    )
    said = script(page, events(asked), events(artifact("Right."), status("completed")))
    page.goto("/chat/agents/triage")
    say(page, "Do it")
    page.get_by_label("Which one?").fill("the second")
    page.get_by_role("button", name="Answer").click()
    page.get_by_text("Right.").wait_for()

    data = said[1]["params"]["message"]["parts"][0]["data"]
    assert data["ask_user_answers"] == [{"answer": ["the second"]}]


def test_a_decision_can_be_left(page: Page) -> None:
    said = script(page, events(CALLED, ASKED), events({}))
    page.goto("/chat/agents/triage")
    say(page, "Delete it")
    page.get_by_role("group", name="Decide on delete_note").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()

    assert (said[1]["method"], said[1]["params"]) == ("tasks/cancel", {"id": "t1"})


def test_what_cannot_be_had_is_said_and_not_lost(page: Page) -> None:
    """A refusal of the gateway's: its words, and the message is there to be sent again."""
    script(page, events(error="It starts. Wait for it."))
    page.goto("/chat/agents/triage")
    say(page, "Hello!")
    page.get_by_role("alert").get_by_text("It starts. Wait for it.").wait_for()

    assert page.get_by_label("Message to triage").input_value() == "Hello!"


def test_a_long_answer_does_not_take_the_readers_place(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 500})
    lines = "\n".join(f"Line {number} of a long answer." for number in range(200))
    script(
        page,
        events(artifact(lines), status("completed")),
        events(artifact("Short."), status("completed")),
    )
    page.goto("/chat/agents/triage")
    say(page, "Tell me all")
    is_free(page)
    page.evaluate("scrollTo(0, 300)")
    page.wait_for_function("scrollY === 300")
    say(page, "And now?")
    page.get_by_text("Short.", exact=True).wait_for()

    assert page.evaluate("scrollY") == 300
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.usefixtures("stored")
def test_agents_to_talk_to_are_listed(client: FlaskClient) -> None:
    text = client.get("/chat", headers={"Accept": "text/html"}).text

    assert 'href="/chat/agents/triage"' in text
    assert client.get("/chat/agents/nobody").status_code == 404


@pytest.mark.usefixtures("stored")
def test_a_conversation_is_shown_from_its_beginning(client: FlaskClient) -> None:
    agent = {"X-Agent-Name": "agents__NS__triage", "X-User-Id": "ada"}
    body = {"agent_ref": "agents__NS__triage", "id": "s1"}
    client.post("/api/sessions", json=body, headers=agent)
    said = {"author": "user", "content": {"parts": [{"text": "Is <b>this</b> it?"}]}}
    client.post("/api/sessions/s1/events", json={"id": "e", "data": said}, headers=agent)
    text = client.get("/chat/agents/triage?session=s1", headers={"Accept": "text/html"}).text

    assert "Is &lt;b&gt;this&lt;/b&gt; it?" in text
    assert 'data-session="s1"' in text
    assert "/chat/agents/triage?session=s1" in client.get("/sessions/s1").text
    assert client.get("/chat/agents/researcher?session=s1").status_code == 404

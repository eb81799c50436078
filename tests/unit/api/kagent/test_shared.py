from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.api.kagent.shared import Shared
from controller.state.conversations import Conversations
from controller.state.sessions import Session

AGENT = "default__NS__agent_a"


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator[Conversations]:
    with Conversations(tmp_path) as opened:
        yield opened


def session(conversations: Conversations, key: str, user: str = "ada") -> Session:
    made = conversations.sessions.create(Session(id=key, user=user, agent=AGENT))
    task = {"id": f"task-of-{key}-{user}", "contextId": key}
    conversations.tasks.put(task, owner=made, is_partial=False)
    return made


def test_a_token_leads_to_one_session_of_one_agent(conversations: Conversations) -> None:
    shared = session(conversations, "s1")
    session(conversations, "s1", user="bob")
    session(conversations, "s2")
    share = conversations.sessions.share(shared, is_read_only=True)

    link = Shared(conversations.sessions, conversations.tasks).find(
        share.token, "default", "agent-a"
    )

    assert link is not None
    assert (link.context, link.user, link.is_read_only) == ("s1", "ada", True)
    assert link.has_task("task-of-s1-ada")
    assert not link.has_task("task-of-s1-bob")
    assert not link.has_task("task-of-s2-ada")


@pytest.mark.parametrize("token", ["", "x", "ä"])
def test_what_is_no_token_leads_nowhere(conversations: Conversations, token: str) -> None:
    conversations.sessions.share(session(conversations, "s1"), is_read_only=True)

    assert (
        Shared(conversations.sessions, conversations.tasks).find(token, "default", "agent-a")
        is None
    )


def test_a_token_leads_to_no_other_agent(conversations: Conversations) -> None:
    share = conversations.sessions.share(session(conversations, "s1"), is_read_only=False)

    assert (
        Shared(conversations.sessions, conversations.tasks).find(share.token, "default", "agent-b")
        is None
    )


def test_a_withdrawn_token_leads_nowhere(conversations: Conversations) -> None:
    shared = session(conversations, "s1")
    share = conversations.sessions.share(shared, is_read_only=False)
    conversations.sessions.unshare(share)
    second = conversations.sessions.share(shared, is_read_only=False)
    conversations.sessions.delete(shared)

    find = Shared(conversations.sessions, conversations.tasks).find
    assert find(share.token, "default", "agent-a") is None
    assert find(second.token, "default", "agent-a") is None

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.state.documents import Documents
from controller.state.sessions import Session, Sessions, Wanted, expired
from controller.state.tasks import Tasks

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    with Documents(tmp_path / "d") as documents:
        yield documents


@pytest.fixture
def sessions(documents: Documents) -> Sessions:
    return _sessions(documents)


@pytest.fixture
def tasks(documents: Documents, sessions: Sessions) -> Tasks:
    return Tasks(documents, sessions, lambda: START)


def _sessions(documents: Documents) -> Sessions:
    ticks = itertools.count()
    return Sessions(documents, lambda: START + timedelta(seconds=next(ticks)))


def session(key: str = "s1", user: str = "ada", agent: str = "x__NS__a", **more: Any) -> Session:
    return Session(id=key, user=user, agent=agent, **more)


def event(text: str, author: str = "user", **more: Any) -> str:
    parts = [{"text": text}]
    return json.dumps({"author": author, "content": {"role": author, "parts": parts}, **more})


def task(key: str = "t1", state: str = "working", **more: Any) -> dict[str, Any]:
    return {"id": key, "contextId": "s1", "kind": "task", "status": {"state": state}, **more}


def test_a_session_of_another_user_or_agent_is_another_session(sessions: Sessions) -> None:
    mine = sessions.create(session(name="mine"))
    sessions.create(session(user="bob", name="his"))
    sessions.create(session(agent="x__NS__b", name="the other agent's"))

    assert sessions.get(Wanted(id="s1", user="ada", agent="x__NS__a")) == mine
    assert len(sessions.list(Wanted(id="s1"))) == 3
    assert sessions.get(Wanted(id="s1", user="eve")) is None


def test_creating_a_session_twice_keeps_what_is_in_it(sessions: Sessions) -> None:
    first = sessions.create(session(name="one"))
    sessions.append(first, [("e1", event("hello"))])
    again = sessions.create(session())

    assert (again.name, again.created_at, again.sequence) == ("one", first.created_at, 1)


def test_events_keep_the_order_in_which_they_came(sessions: Sessions) -> None:
    made = sessions.create(session())
    sessions.append(made, [("z", event("1")), ("a", event("2"))])
    sessions.append(made, [("m", event("3"))])

    found = sessions.events(made)
    assert [item.id for item in found] == ["z", "a", "m"]
    assert [item.sequence for item in found] == [1, 2, 3]


def test_an_event_is_stored_once_however_often_it_is_sent(sessions: Sessions) -> None:
    made = sessions.create(session())
    counts = [
        sessions.append(made, [("e1", event("1")), ("e1", event("1"))]),
        sessions.append(made, [("e1", event("1")), ("e2", event("2"))]),
    ]

    assert counts == [1, 1]
    assert [item.sequence for item in sessions.events(made)] == [1, 2]


def test_nothing_is_stored_in_a_session_that_is_not_there(sessions: Sessions) -> None:
    assert sessions.append(session(), [("e1", event("1"))]) == 0
    assert sessions.events(session()) == ()


def test_a_session_counts_what_was_said_and_spent(sessions: Sessions) -> None:
    made = sessions.create(session())
    usage = {"usage_metadata": {"prompt_token_count": 11, "candidates_token_count": 7}}
    camel = {"usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3}}
    sessions.append(made, [("e1", event("What time is it?"))], revision="abc")
    sessions.append(made, [("e2", event("Noon.", "agent", **usage))], revision="def")
    sessions.append(made, [("e3", event("Still noon.", "agent", **camel))])

    found = sessions.get(Wanted(id="s1"))
    assert found is not None
    assert (found.first, found.last) == ("What time is it?", "Still noon.")
    assert (found.input_tokens, found.output_tokens) == (13, 10)
    assert found.revision == "def"
    assert [item.revision for item in sessions.events(made)] == ["abc", "def", ""]


def test_lists_begin_with_what_was_written_last(sessions: Sessions) -> None:
    for key in ("a", "b", "c"):
        sessions.create(session(key))
    sessions.append(session("a"), [("e", event("x"))])

    assert [item.id for item in sessions.list(Wanted())] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(user="ada"), ["weather", "time"]),
        (Wanted(agent="x__NS__b"), ["other"]),
        (Wanted(source="agent"), ["other"]),
        (Wanted(not_sources=frozenset({"agent"})), ["weather", "time"]),
        (Wanted(text="RAIN ada"), ["weather"]),
        (Wanted(text="rain noon"), []),
        (Wanted(state="completed"), ["time"]),
    ],
    ids=["user", "agent", "source", "not-source", "words", "no-such-words", "state"],
)
def test_lists_can_be_narrowed(
    sessions: Sessions, tasks: Tasks, wanted: Wanted, expected: list[str]
) -> None:
    sessions.create(session("other", user="bob", agent="x__NS__b", source="agent"))
    tasks.put(task(state="completed"), owner=session("time"), is_partial=False)
    sessions.create(session("time"))
    sessions.create(session("weather"))
    sessions.append(session("weather"), [("e", event("Will it rain?"))])

    assert [item.id for item in sessions.list(wanted)] == expected


def test_a_deleted_session_takes_everything_with_it(sessions: Sessions, tasks: Tasks) -> None:
    made = sessions.create(session())
    sessions.append(made, [("e1", event("1"))])
    tasks.put(task(), owner=made, is_partial=False)
    token = sessions.share(made, is_read_only=True).token
    sessions.delete(made)

    assert sessions.get(Wanted(id="s1")) is None
    assert sessions.events(made) == ()
    assert tasks.find("t1") == ()
    assert sessions.shared(token) is None


def test_a_share_leads_to_its_session_until_it_is_withdrawn(sessions: Sessions) -> None:
    made = sessions.create(session())
    share = sessions.share(made, is_read_only=True)

    assert sessions.shares(made) == (share,)
    assert sessions.shared(share.token) == share
    sessions.unshare(share)
    assert sessions.shared(share.token) is None


def test_everything_comes_back_after_a_restart(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        sessions = _sessions(documents)
        made = sessions.create(session(name="kept"))
        sessions.append(made, [("e1", event("hello")), ("e2", event("you"))])
        Tasks(documents, sessions, lambda: START).put(task(), owner=made, is_partial=True)
        share = sessions.share(made, is_read_only=False)
    with Documents(tmp_path / "d") as documents:
        sessions = _sessions(documents)
        (found,) = sessions.list(Wanted(text="kept hello you"))
        assert [item.id for item in sessions.events(found)] == ["e1", "e2"]
        assert [item.id for item in Tasks(documents, sessions, lambda: START).of(found)] == ["t1"]
        assert sessions.shares(found) == (sessions.shared(share.token),)


def test_retention_names_what_is_too_old_or_too_much() -> None:
    held = [
        session(str(n), updated_at=f"2026-01-0{n}", agent=f"x__NS__{n % 2}") for n in range(1, 7)
    ]

    assert {item.id for item in expired(held, before="2026-01-03", max_per_agent=0)} == {"1", "2"}
    assert {item.id for item in expired(held, before="", max_per_agent=2)} == {"1", "2"}
    assert expired(held, before="", max_per_agent=0) == ()

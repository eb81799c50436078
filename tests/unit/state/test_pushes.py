from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.state.conversations import Conversations
from controller.state.pushes import Wish
from controller.state.sessions import Session

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AGENT = "x__NS__a"
WISH = Wish(id="p1", user="ada", config={"url": "https://ada.example", "token": "s3cr3t"})


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Iterator[Conversations]:
    with Conversations(tmp_path / "c", now=clock) as conversations:
        yield conversations


def with_task(kept: Conversations) -> Session:
    session = kept.sessions.create(Session(id="s1", user="ada", agent=AGENT))
    kept.tasks.put({"id": "t1"}, owner=session, is_partial=False)
    return session


def test_wishes_belong_to_an_agent_s_task_and_a_user(kept: Conversations) -> None:
    changed = Wish(id="p1", user="ada", config={"url": "https://new.example"})
    his = Wish(id="p1", user="bob", config={"url": "https://bob.example"})
    for wish in (WISH, his, changed):
        kept.pushes.put(AGENT, "t1", wish)

    assert kept.pushes.of(AGENT, "t1") == (changed, his)
    assert kept.pushes.of("x__NS__b", "t1") == ()

    kept.pushes.remove(AGENT, "t1", user="ada", wish_id="p1")
    kept.pushes.remove(AGENT, "t2", user="ada", wish_id="p1")
    assert kept.pushes.of(AGENT, "t1") == (his,)


def test_wishes_survive_the_process(tmp_path: Path) -> None:
    with Conversations(tmp_path) as kept:
        kept.pushes.put(AGENT, "t1", WISH)
    with Conversations(tmp_path) as again:
        assert again.pushes.of(AGENT, "t1") == (WISH,)


def test_wishes_go_with_their_task_and_their_session(kept: Conversations) -> None:
    session = with_task(kept)
    kept.tasks.put({"id": "t2"}, owner=session, is_partial=False)
    for task in ("t1", "t2"):
        kept.pushes.put(AGENT, task, WISH)

    kept.tasks.delete(kept.tasks.find("t1")[0])
    assert kept.pushes.of(AGENT, "t1") == ()
    assert kept.pushes.of(AGENT, "t2") == (WISH,)

    kept.sessions.delete(session)
    assert kept.pushes.of(AGENT, "t2") == ()


def test_wishes_about_tasks_that_never_came_go_after_a_day(
    kept: Conversations, clock: Clock
) -> None:
    with_task(kept)
    for task in ("t1", "never"):
        kept.pushes.put(AGENT, task, WISH)

    kept.prune(max_age_days=0, max_per_agent=0)
    assert kept.pushes.of(AGENT, "never") == (WISH,)

    clock.now += timedelta(days=2)
    kept.prune(max_age_days=0, max_per_agent=0)
    assert kept.pushes.of(AGENT, "never") == ()
    assert kept.pushes.of(AGENT, "t1") == (WISH,)

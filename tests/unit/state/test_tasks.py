import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.state.conversations import Conversations
from controller.state.interrupted import Process
from controller.state.pushes import Wish
from controller.state.sessions import Session, Wanted

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PROCESS = Process(pod="a-1", start="x")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    with opened(tmp_path) as conversations:
        yield conversations


def opened(folder: Path) -> Conversations:
    ticks = itertools.count()
    return Conversations(folder, now=lambda: START + timedelta(seconds=next(ticks)))


def session(user: str = "ada", **more: Any) -> Session:
    return Session(id="s1", user=user, agent="x__NS__a", **more)


def task(key: str = "t1", state: str = "working", **more: Any) -> dict[str, Any]:
    return {"id": key, "contextId": "s1", "kind": "task", "status": {"state": state}, **more}


def test_a_task_may_come_before_its_session(kept: Conversations) -> None:
    kept.tasks.put(task(), owner=session(), is_partial=False)
    assert kept.sessions.list(Wanted()) == []
    made = kept.sessions.create(session(name="now it is there"))

    assert [item.id for item in kept.tasks.of(made)] == ["t1"]
    assert made.state == "working"


def test_a_task_replaces_its_older_state(kept: Conversations) -> None:
    made = kept.sessions.create(session())
    for number in range(400):
        kept.tasks.put(task(history=[number]), owner=made, is_partial=True)
    kept.tasks.put(task(state="completed"), owner=made, is_partial=False)

    assert kept.documents.writes == 0
    (found,) = kept.tasks.of(made)
    assert found.body == task(state="completed")
    assert kept.sessions.get(Wanted(id="s1", state="completed", text="")) is not None


def test_tasks_are_found_by_id_with_whose_they_are(kept: Conversations) -> None:
    kept.tasks.put(task(), owner=session(), is_partial=False)
    kept.tasks.put(task(), owner=session(user="bob"), is_partial=False)

    assert sorted(found.session.user for found in kept.tasks.find("t1")) == ["ada", "bob"]
    for found in kept.tasks.find("t1"):
        kept.tasks.delete(found)
    assert kept.tasks.find("t1") == ()


def test_a_task_that_is_worked_on_is_known_with_its_process(tmp_path: Path) -> None:
    with opened(tmp_path) as stored:
        owner = stored.sessions.create(session())
        for key, state, process in (
            ("t1", "working", PROCESS),
            ("t2", "input-required", PROCESS),
            ("t3", "working", None),
        ):
            stored.tasks.put(task(key, state), owner=owner, is_partial=False, process=process)

    with opened(tmp_path) as again:
        found = again.tasks.unfinished()
    assert [(one.task, one.process, one.session.id) for one in found] == [("t1", PROCESS, "s1")]


@pytest.mark.parametrize("state", ["completed", "input-required"])
def test_a_task_that_rests_needs_no_process(kept: Conversations, state: str) -> None:
    owner = kept.sessions.create(session())
    kept.tasks.put(task(), owner=owner, is_partial=False, process=PROCESS)
    kept.sessions.create(session(name="named"))
    assert [one.task for one in kept.tasks.unfinished()] == ["t1"]

    kept.tasks.put(task(state=state), owner=owner, is_partial=False, process=PROCESS)

    assert kept.tasks.unfinished() == ()


def test_a_task_without_its_process_fails_and_says_why(kept: Conversations) -> None:
    owner = kept.sessions.create(session())
    sent = task(history=[{"kind": "message"}], metadata={"kagent_user_id": "ada"})
    kept.tasks.put(sent, owner=owner, is_partial=False, process=PROCESS)
    (unfinished,) = kept.tasks.unfinished()

    assert kept.tasks.interrupt(unfinished, "Its pod was deleted.")
    assert not kept.tasks.interrupt(unfinished, "Its pod was deleted.")

    (found,) = kept.tasks.find("t1")
    status = found.body["status"]
    assert status["state"] == "failed"
    assert status["message"]["parts"][0]["text"] == (
        "Its pod was deleted. What it had done until then is kept in the conversation."
        " Send the message again to go on."
    )
    assert found.body["history"] == sent["history"]
    assert found.body["metadata"] == {
        "kagent_user_id": "ada",
        "roster_interrupted": "Its pod was deleted.",
    }
    assert (found.session.state, found.session.tasks) == ("failed", 1)
    assert kept.tasks.unfinished() == ()


def test_a_task_that_another_process_took_over_goes_on(kept: Conversations) -> None:
    owner = kept.sessions.create(session())
    kept.tasks.put(task(), owner=owner, is_partial=False, process=PROCESS)
    (before,) = kept.tasks.unfinished()
    kept.tasks.put(task(), owner=owner, is_partial=False, process=Process(pod="a-2", start="y"))

    assert not kept.tasks.interrupt(before, "gone")
    assert [one.process.pod for one in kept.tasks.unfinished()] == ["a-2"]


def test_a_deleted_task_is_not_worked_on(kept: Conversations) -> None:
    kept.tasks.put(task(), owner=kept.sessions.create(session()), is_partial=False, process=PROCESS)
    kept.tasks.delete(kept.tasks.find("t1")[0])

    assert kept.tasks.unfinished() == ()


def test_the_ending_of_a_task_is_told_once_where_somebody_wishes_it(kept: Conversations) -> None:
    owner = kept.sessions.create(session())
    kept.pushes.put(owner.agent, "t1", Wish(id="p", user="ada", config={}))
    for key in ("t1", "t2"):
        kept.tasks.put(task(key), owner=owner, is_partial=False, process=PROCESS)
    for unfinished in kept.tasks.unfinished():
        kept.tasks.interrupt(unfinished, "gone")

    assert kept.tasks.take_untold("x__NS__b") == ()
    assert kept.tasks.take_untold(owner.agent) == ("t1",)
    assert kept.tasks.take_untold(owner.agent) == ()

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.state import tasklists
from controller.state.conversations import Conversations
from controller.state.sessions import Session
from controller.state.tasklists import WantedTasks
from controller.state.tasks import Tasks

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AGENT = "x__NS__a"
ADAS = WantedTasks(agent=AGENT, user="ada")


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    """Nine tasks of ada's in three sessions, in turn, and one of bob's."""
    ticks = itertools.count()
    with Conversations(tmp_path, now=lambda: START + timedelta(seconds=next(ticks))) as kept:
        for number in range(9):
            put(kept.tasks, f"t{number}", f"s{number % 3}", minute=number)
        put(kept.tasks, "his", "s0", user="bob")
        yield kept.tasks


def put(tasks: Tasks, key: str, session: str, *, user: str = "ada", minute: int = 0) -> None:
    owner = Session(id=session, user=user, agent=AGENT)
    state = "completed" if minute % 2 else "working"
    status = {"state": state, "timestamp": f"2026-01-02T00:0{minute}:00Z"}
    tasks.put({"id": key, "status": status}, owner=owner, is_partial=False)


def listed(tasks: Tasks, wanted: WantedTasks, limit: int = 100) -> list[list[str]]:
    """Give the ids on each page."""
    pages = []
    after = None
    while True:
        page = tasklists.page(tasks, wanted, limit=limit, after=after)
        pages.append([task.id for task in page.tasks])
        after = page.after
        if after is None:
            return pages


def test_those_that_changed_last_come_first_and_only_the_users(tasks: Tasks) -> None:
    assert listed(tasks, ADAS) == [[f"t{number}" for number in range(8, -1, -1)]]


@pytest.mark.parametrize("limit", [1, 2, 4, 9])
def test_pages_hold_every_task_once(tasks: Tasks, limit: int) -> None:
    pages = listed(tasks, ADAS, limit)

    assert [key for page in pages for key in page] == [f"t{n}" for n in range(8, -1, -1)]
    assert {len(page) for page in pages[:-1]} <= {limit}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        pytest.param({"context": "s1"}, ["t7", "t4", "t1"], id="context"),
        pytest.param({"state": "completed"}, ["t7", "t5", "t3", "t1"], id="state"),
        pytest.param({"since": datetime(2026, 1, 2, 0, 7, tzinfo=UTC)}, ["t8", "t7"], id="since"),
        pytest.param({"context": "nowhere"}, [], id="nothing"),
    ],
)
def test_a_list_can_be_narrowed_and_says_how_much_there_is(
    tasks: Tasks, wanted: dict[str, str], ids: list[str]
) -> None:
    narrowed = WantedTasks(agent=AGENT, user="ada", **wanted)  # type: ignore[arg-type]
    page = tasklists.page(tasks, narrowed, limit=1, after=None)

    assert [key for page in listed(tasks, narrowed, 2) for key in page] == ids
    assert page.total == len(ids)


def test_a_page_reads_only_the_sessions_that_it_needs(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        put(tasks, f"late{number}", f"late{number}")
    read: list[str] = []
    of = Tasks.of

    def noted(self: Tasks, session: Session) -> object:
        read.append(session.id)
        return of(self, session)

    monkeypatch.setattr(Tasks, "of", noted)
    page = tasklists.page(tasks, ADAS, limit=2, after=None)

    assert [task.id for task in page.tasks] == ["late19", "late18"]
    assert page.total == 29
    assert len(read) == 3


def test_a_status_without_a_readable_time_is_not_known_to_be_new(tasks: Tasks) -> None:
    wanted = WantedTasks(since=START)

    assert not wanted.takes({"status": {"state": "working"}})
    assert not wanted.takes({"status": {"timestamp": "2030-01-01T00:00:00"}})
    assert not wanted.takes({})

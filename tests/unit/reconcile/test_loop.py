import threading
from collections.abc import Callable, Iterator
from queue import Queue

import pytest
import structlog
from structlog.testing import capture_logs
from waiting import PATIENCE_S

from controller.errors import PermanentError, TransientError
from controller.reconcile.loop import Loop, Visit
from controller.reconcile.workqueue import Backoff, Trigger, WorkQueue

QUICK = Backoff(base_s=0.001, max_s=0.05, jitter=0.0)


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(backoff=QUICK)


@pytest.fixture
def run(queue: WorkQueue) -> Iterator[Callable[..., Loop]]:
    """Start a loop; it is stopped with the test."""
    loops = []

    def start(visit: Visit, workers: int = 2) -> Loop:
        loop = Loop(queue, visit, workers=workers)
        loops.append(loop)
        loop.start()
        return loop

    structlog.reset_defaults()
    yield start
    for loop in loops:
        assert loop.stop(PATIENCE_S)


def test_a_visit_gets_key_and_triggers(queue: WorkQueue, run: Callable[..., Loop]) -> None:
    visits: Queue[tuple[str, frozenset[Trigger]]] = Queue()
    run(lambda key, triggers: visits.put((key, triggers)))

    queue.add("a", trigger=Trigger.MANUAL)

    assert visits.get(timeout=PATIENCE_S) == ("a", frozenset({Trigger.MANUAL}))


@pytest.mark.parametrize(
    "error",
    [TransientError("down"), PermanentError("wrong"), RuntimeError("bug"), KeyError("bug")],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_visit_is_retried(
    queue: WorkQueue, run: Callable[..., Loop], error: Exception
) -> None:
    visits: Queue[frozenset[Trigger]] = Queue()

    def visit(_key: str, triggers: frozenset[Trigger]) -> None:
        is_first = Trigger.RETRY not in triggers
        visits.put(triggers)
        if is_first:
            raise error

    run(visit)
    queue.add("a", trigger=Trigger.POLL)

    assert visits.get(timeout=PATIENCE_S) == {Trigger.POLL}
    assert visits.get(timeout=PATIENCE_S) == {Trigger.RETRY}


def test_one_key_that_fails_does_not_keep_others_from_their_visit(
    queue: WorkQueue, run: Callable[..., Loop]
) -> None:
    good: Queue[str] = Queue()

    def visit(key: str, _triggers: frozenset[Trigger]) -> None:
        if key == "bad":
            raise RuntimeError("always")
        good.put(key)

    run(visit, workers=1)
    for key in ("bad", "b", "c"):
        queue.add(key, trigger=Trigger.POLL)

    assert [good.get(timeout=PATIENCE_S), good.get(timeout=PATIENCE_S)] == ["b", "c"]


def test_a_visit_that_names_a_time_comes_again(queue: WorkQueue, run: Callable[..., Loop]) -> None:
    visits: Queue[str] = Queue()

    def visit(key: str, _triggers: frozenset[Trigger]) -> float:
        visits.put(key)
        return 0.001

    run(visit)
    queue.add("a", trigger=Trigger.POLL)

    assert [visits.get(timeout=PATIENCE_S) for _ in range(3)] == ["a", "a", "a"]


def test_workers_work_side_by_side(queue: WorkQueue, run: Callable[..., Loop]) -> None:
    together = threading.Barrier(3)
    done: Queue[str] = Queue()

    def visit(key: str, _triggers: frozenset[Trigger]) -> None:
        together.wait(timeout=PATIENCE_S)
        done.put(key)

    run(visit, workers=3)
    for key in "abc":
        queue.add(key, trigger=Trigger.POLL)

    assert {done.get(timeout=PATIENCE_S) for _ in range(3)} == {"a", "b", "c"}


class Closing(WorkQueue):
    """A queue that says when a loop hands out no more of it."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()

    def shutdown(self) -> None:
        super().shutdown()
        self.closed.set()


def test_stop_waits_for_the_visit_that_runs_and_starts_no_other() -> None:
    queue, started = Closing(), threading.Event()
    visited = []

    def visit(key: str, _triggers: frozenset[Trigger]) -> None:
        visited.append(key)
        started.set()
        queue.closed.wait(PATIENCE_S)

    loop = Loop(queue, visit, workers=1)
    loop.start()
    queue.add("a", trigger=Trigger.POLL)
    queue.add("b", trigger=Trigger.POLL)
    assert started.wait(PATIENCE_S)

    assert loop.stop(PATIENCE_S)
    assert visited == ["a"]


def test_stop_gives_up_on_a_visit_that_hangs(queue: WorkQueue) -> None:
    started, release = threading.Event(), threading.Event()

    def visit(_key: str, _triggers: frozenset[Trigger]) -> None:
        started.set()
        release.wait(PATIENCE_S)

    loop = Loop(queue, visit, workers=1)
    loop.start()
    queue.add("a", trigger=Trigger.POLL)
    assert started.wait(PATIENCE_S)

    assert not loop.stop(0.05)
    release.set()
    assert loop.stop(PATIENCE_S)


def test_stop_before_start_is_nothing(queue: WorkQueue) -> None:
    assert Loop(queue, lambda _key, _triggers: None).stop(1)


@pytest.mark.parametrize(
    ("error", "event", "level"),
    [
        (None, "visit_finished", "info"),
        (TransientError("git is down.", remedy="Wait."), "visit_failed", "warning"),
        (PermanentError("no such branch."), "visit_refused", "error"),
        (ZeroDivisionError("bug"), "visit_crashed", "error"),
    ],
    ids=["success", "transient", "permanent", "bug"],
)
def test_each_visit_is_one_log_line(
    queue: WorkQueue, error: Exception | None, event: str, level: str
) -> None:
    done = threading.Event()

    def visit(_key: str, _triggers: frozenset[Trigger]) -> None:
        done.set()
        if error is not None:
            raise error

    with capture_logs() as lines:
        loop = Loop(queue, visit, workers=1)
        queue.add("a", trigger=Trigger.WEBHOOK)
        loop.start()
        assert done.wait(PATIENCE_S)
        assert loop.stop(PATIENCE_S)

    line = next(line for line in lines if line.get("application") == "a")
    assert (line["event"], line["log_level"]) == (event, level)
    assert (line["application"], line["triggers"]) == ("a", ["webhook"])
    if error is not None:
        assert line.get("error", str(error)) == str(error)

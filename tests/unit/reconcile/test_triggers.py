import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE_S

from controller.errors import TransientError
from controller.reconcile.triggers import Poller, RepositoryWatch
from controller.reconcile.workqueue import Item, Trigger, WorkQueue


@pytest.fixture
def queue() -> Iterator[WorkQueue]:
    queue = WorkQueue()
    yield queue
    queue.shutdown()


def test_a_tick_adds_every_application(queue: WorkQueue) -> None:
    Poller(queue, lambda: ["a", "b"]).tick()

    assert queue.get(0) == Item("a", frozenset({Trigger.POLL}))
    assert queue.get(0) == Item("b", frozenset({Trigger.POLL}))
    assert queue.get(0) is None


@pytest.mark.parametrize(("chance", "pause_s"), [(0.0, 27.0), (0.5, 30.0), (1.0, 33.0)])
def test_ticks_are_spread_around_the_interval(
    queue: WorkQueue, chance: float, pause_s: float
) -> None:
    poller = Poller(queue, list, interval_s=30, jitter=0.1, chance=lambda: chance)

    assert poller.pause_s() == pytest.approx(pause_s)


def test_polling_goes_on_until_stopped(queue: WorkQueue) -> None:
    poller = Poller(queue, lambda: ["a"], interval_s=0.01)
    poller.start()
    for _ in range(3):
        taken = queue.get(PATIENCE_S)
        assert taken is not None
        queue.done(taken.key)
    poller.stop()
    while (taken := queue.get(0)) is not None:
        queue.done(taken.key)

    assert queue.get(0.05) is None


def test_polling_survives_a_failure_to_name_the_applications(queue: WorkQueue) -> None:
    tries = iter([TransientError("not now"), None])

    def names() -> list[str]:
        if (error := next(tries, None)) is not None:
            raise error
        return ["a"]

    poller = Poller(queue, names, interval_s=0.01)
    poller.start()
    try:
        assert queue.get(PATIENCE_S) is not None
    finally:
        poller.stop()


def test_stop_does_not_wait_for_the_interval(queue: WorkQueue) -> None:
    poller = Poller(queue, list, interval_s=3600)
    poller.start()

    poller.stop(timeout_s=PATIENCE_S)

    assert "poller" not in {thread.name for thread in threading.enumerate()}


def test_stop_before_start_is_nothing(queue: WorkQueue, tmp_path: Path) -> None:
    Poller(queue, list).stop()
    RepositoryWatch(queue, tmp_path, list).stop()


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def take(queue: WorkQueue) -> Item:
    taken = queue.get(PATIENCE_S)
    assert taken is not None
    queue.done(taken.key)
    return taken


def test_a_commit_adds_the_applications_of_its_repository(queue: WorkQueue, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    wanted = {Item(name, frozenset({Trigger.WEBHOOK})) for name in "ab"}
    watch = RepositoryWatch(queue, tmp_path, lambda: ["a", "b"])
    watch.start()
    try:
        at_start = {take(queue), take(queue)}
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "One")
        after_the_commit = {take(queue), take(queue)}
    finally:
        watch.stop()

    assert at_start == wanted
    assert after_the_commit == wanted


def test_a_repository_that_comes_later_is_watched(queue: WorkQueue, tmp_path: Path) -> None:
    watch = RepositoryWatch(queue, tmp_path / "later", lambda: ["a"], retry_s=0.02)
    watch.start()
    try:
        early = queue.get(0.05)
        (tmp_path / "later").mkdir()
        git(tmp_path / "later", "init", "-q", "-b", "main")

        assert early is None
        assert take(queue) == Item("a", frozenset({Trigger.WEBHOOK}))
    finally:
        watch.stop()

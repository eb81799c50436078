import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import PATIENCE_S

from controller.reconcile.workqueue import Backoff, Item, Trigger, WorkQueue

POLL, WEBHOOK, MANUAL, DRIFT, RETRY = (
    Trigger.POLL,
    Trigger.WEBHOOK,
    Trigger.MANUAL,
    Trigger.DRIFT,
    Trigger.RETRY,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue:
    return WorkQueue(clock=clock, chance=lambda: 0.0)


def take(queue: WorkQueue) -> str | None:
    item = queue.get(0)
    return item.key if item else None


def item(key: str, *triggers: Trigger) -> Item:
    return Item(key, frozenset(triggers))


def test_nothing_is_handed_out_of_an_empty_queue(queue: WorkQueue) -> None:
    assert queue.get(0) is None


def test_keys_come_in_the_order_of_their_addition(queue: WorkQueue) -> None:
    for key in "cab":
        queue.add(key, trigger=POLL)

    assert [take(queue) for _ in range(4)] == ["c", "a", "b", None]


def test_duplicates_merge_with_their_triggers(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.add("a", trigger=WEBHOOK)
    queue.add("a", trigger=POLL)

    assert len(queue) == 1
    assert queue.get(0) == item("a", POLL, WEBHOOK)
    assert queue.get(0) is None


def test_a_delayed_key_waits(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL, delay_s=10)

    before = take(queue)
    clock.now += 10

    assert (before, take(queue)) == (None, "a")


@pytest.mark.parametrize(("first", "second"), [(10, 3), (3, 10)])
def test_the_earlier_of_two_delays_counts(
    queue: WorkQueue, clock: Clock, first: float, second: float
) -> None:
    queue.add("a", trigger=POLL, delay_s=first)
    queue.add("a", trigger=DRIFT, delay_s=second)
    clock.now += 3

    assert queue.get(0) == item("a", POLL, DRIFT)
    clock.now += 100
    assert queue.get(0) is None


def test_a_key_is_worked_on_once_at_a_time(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.add("a", trigger=WEBHOOK)

    assert queue.get(0) is None


def test_a_key_added_while_worked_on_comes_again(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.add("a", trigger=WEBHOOK)
    queue.done("a")

    assert queue.get(0) == item("a", WEBHOOK)


def test_a_key_done_does_not_come_again(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.done("a")

    assert queue.get(0) is None


def test_a_delay_asked_for_while_worked_on_is_kept(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.add("a", trigger=POLL, delay_s=5)
    queue.done("a")
    early = take(queue)
    clock.now += 5

    assert (early, take(queue)) == (None, "a")


def fail(queue: WorkQueue, key: str = "a") -> float:
    """Take a key and fail with it."""
    assert take(queue) == key
    delay_s = queue.retry(key)
    queue.done(key)
    return delay_s


def test_failures_back_off_from_a_second_to_five_minutes(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL)
    delays = []
    for _ in range(12):
        delays.append(fail(queue))
        clock.now += delays[-1]

    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_backoff_is_per_key(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL)
    clock.now += fail(queue, "a")
    fail(queue, "a")
    queue.add("b", trigger=POLL)

    assert fail(queue, "b") == 1


def test_success_starts_the_backoff_anew(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL)
    clock.now += fail(queue)
    clock.now += fail(queue)
    queue.get(0)
    queue.forget("a")
    queue.done("a")
    queue.add("a", trigger=POLL)

    assert fail(queue) == 1


def test_a_retry_waits_for_what_the_server_asked_for(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)

    assert queue.retry("a", at_least_s=120) == 120


def test_jitter_lengthens_a_delay() -> None:
    backoff = Backoff(base_s=10, jitter=0.5)

    assert backoff.delay_s(1, at_least_s=0, chance=0.0) == 10
    assert backoff.delay_s(1, at_least_s=0, chance=0.5) == 12.5


def test_endless_failures_do_not_overflow() -> None:
    assert Backoff(jitter=0).delay_s(100_000, at_least_s=0, chance=0) == 300


def test_drift_does_not_cut_a_backoff_short(queue: WorkQueue, clock: Clock) -> None:
    queue.add("a", trigger=POLL)
    fail(queue)
    queue.add("a", trigger=DRIFT)
    early = take(queue)
    clock.now += 1

    assert early is None
    assert queue.get(0) == item("a", RETRY, DRIFT)


@pytest.mark.parametrize("trigger", [WEBHOOK, MANUAL, Trigger.STARTUP, POLL])
def test_what_may_have_removed_the_cause_ends_a_backoff(queue: WorkQueue, trigger: Trigger) -> None:
    queue.add("a", trigger=POLL)
    fail(queue)
    queue.add("a", trigger=trigger)

    assert queue.get(0) == item("a", RETRY, trigger)


def test_a_webhook_during_a_visit_that_fails_is_answered_at_once(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.add("a", trigger=WEBHOOK)
    queue.retry("a")
    queue.done("a")

    assert queue.get(0) == item("a", WEBHOOK, RETRY)


def test_drift_during_a_visit_that_fails_waits_for_the_backoff(
    queue: WorkQueue, clock: Clock
) -> None:
    queue.add("a", trigger=POLL)
    queue.get(0)
    queue.add("a", trigger=DRIFT)
    queue.retry("a")
    queue.done("a")
    early = take(queue)
    clock.now += 1

    assert early is None
    assert queue.get(0) == item("a", DRIFT, RETRY)


def test_a_storm_on_one_key_takes_no_room(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    fail(queue)
    for _ in range(1000):
        queue.add("a", trigger=DRIFT)

    assert len(queue._heap) == 1


def test_a_shut_down_queue_gives_and_takes_nothing(queue: WorkQueue) -> None:
    queue.add("a", trigger=POLL)
    queue.shutdown()
    queue.add("b", trigger=POLL)

    assert queue.get(0) is None
    assert queue.get() is None


@pytest.mark.parametrize(
    ("wake", "expected"),
    [
        (lambda queue: queue.add("a", trigger=POLL), item("a", POLL)),
        (lambda queue: queue.shutdown(), None),
    ],
    ids=["add", "shutdown"],
)
def test_a_waiting_worker_is_woken(
    wake: Callable[[WorkQueue], None], expected: Item | None
) -> None:
    queue = WorkQueue()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(queue.get)
        wake(queue)

        assert waiting.result(timeout=PATIENCE_S) == expected


def test_a_waiting_worker_takes_a_delayed_key_when_it_is_due() -> None:
    queue = WorkQueue()
    queue.add("late", trigger=POLL, delay_s=600)
    queue.add("soon", trigger=POLL, delay_s=0.02)

    assert queue.get(PATIENCE_S) == item("soon", POLL)


def test_an_earlier_key_wakes_a_worker_that_waits_for_a_later_one() -> None:
    queue = WorkQueue()
    queue.add("late", trigger=POLL, delay_s=600)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(queue.get, PATIENCE_S)
        queue.add("now", trigger=POLL)

        assert waiting.result(timeout=PATIENCE_S) == item("now", POLL)


def test_many_threads_lose_no_key_and_never_share_one() -> None:
    """Level-triggered: after its last addition, each key is visited at least once."""
    queue = WorkQueue()
    working: set[str] = set()
    last_seen: dict[str, int] = {}
    state = dict.fromkeys((f"k{number}" for number in range(20)), 0)
    guard = threading.Lock()
    overlaps: list[str] = []

    def work() -> None:
        while (taken := queue.get()) is not None:
            with guard:
                if taken.key in working:
                    overlaps.append(taken.key)
                working.add(taken.key)
                last_seen[taken.key] = state[taken.key]
            with guard:
                working.discard(taken.key)
            queue.done(taken.key)

    def ask(seed: int) -> None:
        for number in range(300):
            key = f"k{(number * seed) % 20}"
            with guard:
                state[key] += 1
            queue.add(key, trigger=POLL)

    workers = [threading.Thread(target=work) for _ in range(4)]
    askers = [threading.Thread(target=ask, args=(seed,)) for seed in (1, 3, 7)]
    for thread in (*workers, *askers):
        thread.start()
    for thread in askers:
        thread.join()
    queue.add("last", trigger=POLL)
    state["last"] = 0
    while len(queue):
        threading.Event().wait(0.001)
    queue.shutdown()
    for thread in workers:
        thread.join()

    assert overlaps == []
    assert last_seen == state

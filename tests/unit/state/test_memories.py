from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.state import memories as module
from controller.state.documents import Documents
from controller.state.memories import Memories, Memory


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memories(tmp_path: Path, clock: Clock) -> Iterator[Memories]:
    with Documents(tmp_path / "d") as documents:
        yield Memories(documents, clock)


def memory(content: str, *vector: float, ttl_days: int = 0) -> Memory:
    return Memory(content=content, vector=vector, ttl_days=ttl_days)


def found(
    memories: Memories, *vector: float, user: str = "ada", min_score: float = 0.3
) -> list[str]:
    search = memories.search("a", user, vector, limit=5, min_score=min_score)
    return [item.content for item in search]


def test_the_likest_memories_come_first(memories: Memories) -> None:
    memories.add("a", "ada", [memory("north", 0, 2), memory("east", 3, 0), memory("west", -1, 0)])

    assert found(memories, 1, 2) == ["north", "east"]
    (best, *_) = memories.search("a", "ada", [0, 7], limit=1, min_score=0)
    assert best.score == pytest.approx(1.0)


def test_another_user_s_memories_are_not_found(memories: Memories) -> None:
    memories.add("a", "ada", [memory("secret", 1, 0)])

    assert found(memories, 1, 0, user="bob") == []


def test_vectors_of_another_length_are_not_compared(memories: Memories) -> None:
    memories.add("a", "ada", [memory("old model", 1, 0, 0), memory("new model", 1, 0)])

    assert found(memories, 1, 0) == ["new model"]


def test_a_memory_expires(memories: Memories, clock: Clock) -> None:
    memories.add("a", "ada", [memory("brief", 1, 0, ttl_days=1), memory("lasting", 1, 0)])
    clock.now += timedelta(days=2)

    assert found(memories, 1, 0) == ["lasting"]
    assert memories.prune() == 1
    assert [item.content for item in memories.list("a", "ada")] == ["lasting"]


def test_a_memory_that_is_often_found_stays_longer(memories: Memories, clock: Clock) -> None:
    memories.add("a", "ada", [memory("popular", 1, 0, ttl_days=1)])
    for _ in range(module.POPULAR):
        found(memories, 1, 0)
    clock.now += timedelta(days=2)

    assert memories.prune() == 0
    assert found(memories, 1, 0) == ["popular"]


def test_the_oldest_make_room(memories: Memories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PER_OWNER", 2)
    for name in ("one", "two", "three"):
        memories.add("a", "ada", [memory(name, 1, 0)])

    assert {item.content for item in memories.list("a", "ada")} == {"two", "three"}


def test_clearing_forgets_all(memories: Memories) -> None:
    memories.add("a", "ada", [memory("x", 1, 0)])
    memories.clear("a", "ada")

    assert memories.list("a", "ada") == ()

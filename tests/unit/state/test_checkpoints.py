from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.state.checkpoints import Checkpoints, Thread
from controller.state.documents import Documents

THREAD = Thread(agent="a", user="ada", id="t")


@pytest.fixture
def checkpoints(tmp_path: Path) -> Iterator[Checkpoints]:
    with Documents(tmp_path / "d") as documents:
        yield Checkpoints(documents)


def test_the_newest_checkpoint_comes_first_with_its_writes(checkpoints: Checkpoints) -> None:
    for key in ("01", "03", "02"):
        checkpoints.put(THREAD, "", key, {"checkpoint": key})
    checkpoints.put(THREAD, "sub", "09", {"checkpoint": "of a subgraph"})
    for _ in range(2):
        checkpoints.put_writes(THREAD, "", "03", "task", [{"idx": 1}, {"idx": 0}])

    found = checkpoints.list(THREAD, namespace="")
    assert [row["checkpoint_id"] for row, _ in found] == ["03", "02", "01"]
    assert [write["idx"] for write in found[0][1]] == [0, 1]
    assert found[1][1] == ()
    assert len(checkpoints.list(THREAD, namespace="", limit=2)) == 2
    assert len(checkpoints.list(THREAD, namespace="", key="01")) == 1


def test_a_thread_of_another_agent_or_user_is_another(checkpoints: Checkpoints) -> None:
    checkpoints.put(THREAD, "", "01", {})

    assert checkpoints.list(Thread(agent="b", user="ada", id="t"), namespace="") == ()
    assert checkpoints.list(Thread(agent="a", user="bob", id="t"), namespace="") == ()


def test_a_deleted_thread_is_gone(checkpoints: Checkpoints) -> None:
    checkpoints.put(THREAD, "", "01", {})
    checkpoints.delete(THREAD)

    assert checkpoints.list(THREAD, namespace="") == ()

"""Which files a model may name, and whose they are."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.runtime.skills import workspace
from controller.runtime.skills.workspace import Workspace
from controller.runtime.turns import Turn

TURN = Turn(context_id="c", task_id="t", owner="ann")


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return folder


@pytest.fixture
def space(skills: Path) -> Iterator[Workspace]:
    made = Workspace(skills)
    yield made
    made.close()


@pytest.mark.parametrize("text", ["skills/a/x.md", "/skills/a/x.md", "./skills/a/x.md"])
def test_a_file_of_a_skill_is_found_below_the_skills(
    space: Workspace, skills: Path, text: str
) -> None:
    place = space.place(TURN, text)

    assert (place.root, place.parts, place.is_skill) == (skills, ("a", "x.md"), True)


def test_paths_may_be_where_folders_really_are(space: Workspace, skills: Path) -> None:
    folder = space.folder(TURN)

    assert space.place(TURN, f"{skills}/a/x.md").is_skill
    assert space.place(TURN, f"{folder}/out/y.txt").parts == ("out", "y.txt")
    assert space.place(TURN, "out/y.txt").root == folder


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "/etc/passwd",
        "../x",
        "out/../../x",
        "skills/a/../../x",
        "/skills/../config/config.json",
        "/skillsets/a/b",
        "skills",
        "skills/a",
        "/skills/a",
    ],
)
def test_nothing_else_can_be_named(space: Workspace, text: str) -> None:
    with pytest.raises(workspace.PathError):
        space.place(TURN, text)


def test_each_conversation_of_each_user_has_a_folder_of_its_own(space: Workspace) -> None:
    others = [
        Turn(context_id="c", task_id="t", owner="bob"),
        Turn(context_id="d", task_id="t", owner="ann"),
    ]

    folders = {space.folder(turn) for turn in (TURN, *others)}

    assert len(folders) == 3
    assert space.folder(TURN) in folders


def test_tools_that_are_called_at_once_get_the_same_folder(space: Workspace) -> None:
    turns = [Turn(context_id=f"{number // 8}", task_id="t") for number in range(160)]
    begin = threading.Barrier(8)

    def folder(turn: Turn) -> Path:
        begin.wait(timeout=60)
        return space.folder(turn)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(folder, turns))

    assert len(set(found)) == 20


def test_the_files_of_the_oldest_conversations_go(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "_MAX_FOLDERS", 2)
    first, second, third = (Turn(context_id=name, task_id="t") for name in "abc")
    oldest = space.folder(second)
    kept = space.folder(first)
    space.folder(second)

    space.folder(third)

    assert oldest.exists()
    assert not kept.exists()


def test_all_files_go_at_the_end(skills: Path) -> None:
    space = Workspace(skills)
    folder = space.folder(TURN)

    space.close()

    assert not folder.exists()
    assert skills.exists()

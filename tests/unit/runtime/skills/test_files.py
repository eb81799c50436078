"""Files by line number, as kagent's tools give them, and never outside of their folder."""

import os
from pathlib import Path

import pytest

from controller.runtime.skills import files
from controller.runtime.skills.workspace import Place


def place(root: Path, *parts: str, is_skill: bool = False) -> Place:
    return Place(root=root, parts=parts, is_skill=is_skill)


def test_a_file_is_read_with_the_numbers_of_its_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")

    assert files.read(place(tmp_path, "a.txt"), None, None) == (
        "     1|one\n     2|two\n     3|three"
    )
    assert files.read(place(tmp_path, "a.txt"), 2, 1) == (
        "     2|two\n[the file has 3 lines; go on with offset 3]"
    )


def test_a_large_file_comes_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{'x' * 3000}\n" * 100)

    answer = files.read(place(tmp_path, "a.txt"), None, None)

    assert len(answer) < 70_000
    assert answer.splitlines()[0].endswith("xxx...")
    assert answer.endswith("lines; go on with offset 33]")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"\xff\xfe\x00", "no text", id="binary"),
        pytest.param(b"x" * (5 * 1024 * 1024), "larger than", id="too large"),
        pytest.param(b"one line", "none with the number 7", id="past the end"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a").write_bytes(content)

    with pytest.raises(files.FileError, match=problem):
        files.read(place(tmp_path, "a"), 7, None)


def test_a_file_is_written_with_the_folders_on_the_way(tmp_path: Path) -> None:
    said = files.write(place(tmp_path, "out", "deep", "a.txt"), "text")

    assert said == "Successfully wrote to out/deep/a.txt"
    assert (tmp_path / "out/deep/a.txt").read_text() == "text"


def test_an_edit_replaces_what_occurs_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x y x")

    files.edit(place(tmp_path, "a"), "y", "z", everywhere=False)
    with pytest.raises(files.FileError, match="occurs 2 times"):
        files.edit(place(tmp_path, "a"), "x", "w", everywhere=False)
    with pytest.raises(files.FileError, match="does not occur"):
        files.edit(place(tmp_path, "a"), "q", "w", everywhere=False)
    files.edit(place(tmp_path, "a"), "x", "w", everywhere=True)

    assert (tmp_path / "a").read_text() == "w z w"


def test_a_skill_cannot_be_changed(tmp_path: Path) -> None:
    skill = place(tmp_path, "a", "SKILL.md", is_skill=True)

    with pytest.raises(files.FileError, match="cannot be changed"):
        files.write(skill, "")
    with pytest.raises(files.FileError, match="cannot be changed"):
        files.edit(skill, "a", "b", everywhere=True)


def test_links_are_not_followed_to_files_and_not_through_folders(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)

    for parts in (("file",), ("folder", "secret")):
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            files.read(place(root, *parts), None, None)
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            files.write(place(root, *parts), "changed")

    assert (outside / "secret").read_text() == "secret"


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a file"):
        files.read(place(tmp_path, "pipe"), None, None)

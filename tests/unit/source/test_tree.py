import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import PermanentError
from controller.source import tree
from controller.source.snapshot import Ignored, Snapshot

Git = Callable[..., str]


@pytest.mark.parametrize(
    ("path", "normal"),
    [(".", ""), ("", ""), ("./", ""), ("a", "a"), ("./a//b/", "a/b"), ("a/../b", "b")],
)
def test_paths_are_normalised(path: str, normal: str) -> None:
    assert tree.normal_path(path) == normal


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc", "a\0b"])
def test_paths_out_of_the_repository_are_refused(path: str) -> None:
    with pytest.raises(PermanentError, match="leads out of the repository"):
        tree.normal_path(path)


def test_only_yaml_outside_hidden_folders_is_read(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    wanted = ["a.yaml", "agents/a.yaml", "agents/b.yml", "agents/[x].yaml", "agents/sp ace.yaml"]
    others = [
        ".github/workflows/ci.yaml",
        "agents/.hidden.yaml",
        "agents/.sub/c.yaml",
        "agents/notes.md",
        "agents/yaml",
        "agents2.yaml.txt",
    ]
    commit(upstream, dict.fromkeys([*wanted, *others], "x: 1\n"))

    assert list(read(".").files) == sorted(wanted)


def test_a_path_is_a_whole_name(read: Callable[..., Snapshot], upstream: Path, commit: Git) -> None:
    commit(upstream, {"agents-old/b.yaml": "b\n", "agents2/c.yaml": "c\n"})

    assert list(read("agents").files) == ["agents/a.yaml"]


def test_a_path_in_a_hidden_folder_can_be_named(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    commit(upstream, {".roster/agents/b.yaml": "b\n"})

    assert list(read(".roster/agents").files) == [".roster/agents/b.yaml"]


def test_a_link_to_a_folder_is_ignored_with_its_reason(
    read: Callable[..., Snapshot], upstream: Path
) -> None:
    (upstream / "agents" / "etc").symlink_to("/etc")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (
        Ignored(path="agents/etc", reason="links to folders are not followed"),
    )


def test_submodules_are_ignored(read: Callable[..., Snapshot], upstream: Path, git: Git) -> None:
    head = git(upstream, "rev-parse", "HEAD")
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{head},agents/sub")
    git(upstream, "commit", "-q", "-m", "Add a submodule")
    (upstream / "agents" / "sub").mkdir()

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (Ignored(path="agents/sub", reason="submodules are not fetched"),)


def test_names_that_are_not_utf8_are_ignored(read: Callable[..., Snapshot], upstream: Path) -> None:
    path = os.fsencode(upstream) + b"/agents/\xff.yaml"
    Path(os.fsdecode(path)).write_text("x: 1\n")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert [item.reason for item in snapshot.ignored] == ["its name is not UTF-8"]


def test_a_path_that_is_a_file_is_refused(read: Callable[..., Snapshot]) -> None:
    with pytest.raises(PermanentError, match=r"agents/a\.yaml is not a folder"):
        read("agents/a.yaml")


def test_an_extra_path_may_be_a_file_and_must_exist(
    read: Callable[..., Snapshot],
) -> None:
    assert "README.md" in read("agents", ("README.md",)).files
    with pytest.raises(PermanentError, match="templates does not exist"):
        read("agents", ("templates",))

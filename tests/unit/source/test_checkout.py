"""Commits read from the repository around a folder, linked work trees included."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import RosterError, UsageError
from controller.source.checkout import Checkout

Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    (folder / "agents").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, git, "agents/a.yaml", "one")
    commit(folder, git, "agents/a.yaml", "two")
    monkeypatch.chdir(folder)
    return folder


def commit(folder: Path, git: Git, name: str, text: str) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", text)
    return git(folder, "rev-parse", "HEAD").strip()


def read(folder: Path, revision: str, *extra: Path) -> dict[str, bytes]:
    checkout = Checkout.of(folder)
    return dict(checkout.files(checkout.commit(revision), extra))


def test_a_commit_is_read_and_the_folder_as_it_is_left_alone(repository: Path) -> None:
    (repository / "agents/a.yaml").write_text("three")

    assert read(Path("agents"), "HEAD~1") == {"agents/a.yaml": b"one"}
    assert read(Path("agents"), "main") == {"agents/a.yaml": b"two"}


def test_templates_are_read_too(repository: Path, git: Git) -> None:
    commit(repository, git, "templates/secret.yaml.j2", "x")

    found = read(Path("agents"), "HEAD", Path("templates"))

    assert found == {"agents/a.yaml": b"two", "templates/secret.yaml.j2": b"x"}


def test_a_linked_work_tree_has_its_own_head(repository: Path, git: Git, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), "HEAD~1")

    assert list(read(tmp_path / "linked" / "agents", "HEAD").values()) == [b"one"]


def test_the_newest_of_known_commits(repository: Path, git: Git) -> None:
    checkout = Checkout.of(repository)
    old, new = checkout.commit("HEAD~1"), checkout.commit("HEAD")

    assert checkout.newest([new, old, "0" * 40]) == new
    assert checkout.newest(["0" * 40]) is None


@pytest.mark.parametrize("revision", ["never", "--help", "", "HEAD:agents"])
def test_what_is_no_commit_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="has no revision"):
        Checkout.of(repository).commit(revision)


def test_a_folder_that_was_not_there_is_refused(repository: Path, git: Git) -> None:
    commit(repository, git, "new/b.yaml", "x")

    with pytest.raises(RosterError, match="new does not exist"):
        read(Path("new"), "HEAD~1")


def test_a_folder_in_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in no git repository"):
        Checkout.of(tmp_path)

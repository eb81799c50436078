import subprocess
from pathlib import Path

import pytest

from controller.reconcile.origins import Origin, Origins
from controller.source.repository import Repositories
from controller.source.snapshot import Commit
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    ApplicationStatus,
    CommitRecord,
    ComponentStatus,
)

COMPONENT = "ConfigMap agents/two"


class World:
    """A repository with two definitions in one file, and the origins of its application."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"
        self.folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.repositories = Repositories(folder / "mirrors")
        self.origins = Origins(repositories=self.repositories, wait_s=60)

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=a@b")
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, text: str, message: str) -> str:
        (self.folder / "both.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def find(self, revision: str, line: int = 3) -> Origin:
        part = ComponentStatus(
            id=COMPONENT, kind="ConfigMap", namespace="agents", name="two", file="both.yaml",
            line=line,
        )  # fmt: skip
        status = ApplicationStatus(commit=CommitRecord(revision=revision), components=(part,))
        spec = ApplicationSpec(name="a", repo_url=str(self.folder))
        return self.origins.find(ApplicationRecord(spec=spec, status=status), COMPONENT)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def commit_of(origin: Origin) -> Commit:
    assert origin.commit is not None, origin.problem
    return origin.commit


def test_a_definition_is_credited_to_who_changed_it_last(world: World) -> None:
    world.commit("one: 1\n---\ntwo: 2\n", "Add both")
    changed = world.commit("one: 1\n---\ntwo: 3\n", "Change two")
    newest = world.commit("one: 2\n---\ntwo: 3\n", "Change one")

    found = commit_of(world.find(newest))

    assert (found.revision, found.message, found.author) == (changed, "Change two", "Ada")


def test_an_unchanged_file_is_not_looked_up_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.commit("one: 1\n---\ntwo: 2\n", "Add both")
    before = world.find(first)
    second = world.commit("one: 1\n---\ntwo: 2\n", "Touch nothing")
    monkeypatch.setattr(world.repositories, "last_change", None)

    assert world.find(second) == before
    assert world.find(second) == before


def test_a_repository_that_is_gone_is_told(world: World) -> None:
    found = world.find("f" * 40)

    assert found.commit is None
    assert "has no commit" in found.problem or "is gone" in found.problem


def test_what_is_not_in_git_has_no_origin(world: World) -> None:
    record = ApplicationRecord(spec=ApplicationSpec(name="a", repo_url=str(world.folder)))

    assert world.origins.find(record, COMPONENT).commit is None

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.errors import PermanentError
from controller.source.repository import Repositories
from controller.source.snapshot import Source

Git = Callable[..., str]


def revert(repositories: Repositories, url: object, old: str, **given: Any) -> str:
    source = Source(repo_url=str(url), target_revision="main", path=given.pop("path", "agents"))
    return repositories.revert(
        source,
        old,
        branch=given.pop("branch", "back"),
        message="Revert agents\n\nIt was better.\n",
        extra_paths=given.pop("extra_paths", ()),
    )


@pytest.fixture
def old(upstream: Path, git: Git, commit: Git) -> str:
    """The commit to go back to; a newer one changed, added and removed files."""
    old = commit(upstream, {"agents/b.yaml": "b: 1\n", "agents/deep/c.yaml": "c: 1\n"})
    changes = {"agents/a.yaml": "a: 2\n", "agents/b.yaml": None, "agents/new.yaml": "n: 1\n"}
    commit(upstream, {**changes, "README.md": "Newer.\n"}, "Break everything")
    git(upstream, "checkout", "-q", "--detach")
    return old


@pytest.fixture(params=["local", "http"])
def address(request: pytest.FixtureRequest, upstream: Path, git: Git, server: Any) -> str:
    """Where the repository can be pushed to."""
    git(upstream, "config", "http.receivepack", "true")
    return str(upstream) if request.param == "local" else f"{server.url}/upstream/.git"


def test_a_branch_has_the_folder_as_it_was_and_the_rest_as_it_is(
    repositories: Repositories, upstream: Path, git: Git, old: str, address: str
) -> None:
    newest = git(upstream, "rev-parse", "main")

    made = revert(repositories, address, old)

    assert git(upstream, "rev-parse", "back") == made
    assert git(upstream, "rev-parse", "back^") == newest
    assert git(upstream, "diff", "--name-only", old, "back") == "README.md"
    assert git(upstream, "show", "back:README.md") == "Newer."
    assert git(upstream, "log", "-1", "--format=%an: %s", "back") == "Roster: Revert agents"
    assert git(upstream, "fsck", "--no-dangling").count("missing") == 0


def test_the_whole_repository_can_come_back(
    repositories: Repositories, upstream: Path, git: Git, old: str
) -> None:
    revert(repositories, upstream, old, path=".")

    assert git(upstream, "diff", "--name-only", old, "back") == ""


def test_templates_come_back_too(
    repositories: Repositories, upstream: Path, git: Git, commit: Git
) -> None:
    old = commit(upstream, {"templates/x.j2": "1"})
    commit(upstream, {"templates/x.j2": "2"})

    revert(repositories, upstream, old, extra_paths=("templates",))

    assert git(upstream, "show", "back:templates/x.j2") == "1"


def test_a_branch_that_exists_is_left_alone(
    repositories: Repositories, upstream: Path, git: Git, old: str
) -> None:
    git(upstream, "branch", "back", "main")
    before = git(upstream, "rev-parse", "back")

    with pytest.raises(PermanentError, match="'back' already"):
        revert(repositories, upstream, old)
    assert git(upstream, "rev-parse", "back") == before


def test_nothing_to_revert_is_said(repositories: Repositories, upstream: Path, git: Git) -> None:
    newest = git(upstream, "rev-parse", "main")

    with pytest.raises(PermanentError, match="nothing to revert"):
        revert(repositories, upstream, newest)


@pytest.mark.parametrize("branch", ["--force", "refs/heads/x", "HEAD", "a..b", "a b"])
def test_a_name_that_is_none_is_refused(
    repositories: Repositories, upstream: Path, old: str, branch: str
) -> None:
    with pytest.raises(PermanentError):
        revert(repositories, upstream, old, branch=branch)

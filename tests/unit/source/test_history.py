import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.source.repository import Repositories
from controller.source.snapshot import Commit, Lines, Source

Git = Callable[..., str]


def commit_of(repositories: Repositories, upstream: Path, revision: str) -> Commit:
    source = Source(repo_url=str(upstream), path="agents")
    return repositories.fetch(source, revision).commit


def test_message_author_and_time_are_read(
    repositories: Repositories, upstream: Path, commit: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Zoë O'Hara <z>")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "zoe@example.com")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-03-04T05:06:07+02:00")
    revision = commit(upstream, {}, "Ünïcode subject\n\nBody line 1\n\nBody line 3")

    found = commit_of(repositories, upstream, revision)

    assert found == Commit(
        revision=revision,
        author="Zoë O'Hara z",
        email="zoe@example.com",
        message="Ünïcode subject\n\nBody line 1\n\nBody line 3",
        committed_at=datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC),
    )


def test_an_empty_message_and_other_encodings_are_read(
    repositories: Repositories, upstream: Path, git: Git
) -> None:
    git(upstream, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    empty = git(upstream, "rev-parse", "HEAD")
    subprocess.run(
        ["git", "-c", "i18n.commitEncoding=ISO-8859-1", "-c", "user.name=A", "-c", "user.email=a@b",
         "commit", "-q", "--allow-empty", "-F", "-"],
        cwd=upstream,
        input="Grüße".encode("latin-1"),
        check=True,
    )  # fmt: skip
    latin = git(upstream, "rev-parse", "HEAD")

    assert commit_of(repositories, upstream, empty).message == ""
    assert commit_of(repositories, upstream, latin).message == "Grüße"


def test_a_deletion_is_a_change(repositories: Repositories, upstream: Path, commit: Git) -> None:
    deleted = commit(upstream, {"agents/a.yaml": None, "agents/b.yaml": "b\n"})
    revision = commit(upstream, {"agents/c.yaml": "c\n"})
    source = Source(repo_url=str(upstream), path="agents")

    found = repositories.last_change(source, revision, "agents/a.yaml")

    assert found is not None
    assert found.revision == deleted


def test_the_first_commit_is_the_last_change_of_what_it_added(
    repositories: Repositories, upstream: Path, commit: Git, git: Git
) -> None:
    first = git(upstream, "rev-parse", "HEAD")
    revision = commit(upstream, {"agents/b.yaml": "b\n"})
    source = Source(repo_url=str(upstream), path="agents")

    found = repositories.last_change(source, revision, "agents/a.yaml")

    assert found is not None
    assert found.revision == first


def test_renames_are_a_removal_and_an_addition(
    repositories: Repositories, upstream: Path, commit: Git, git: Git
) -> None:
    before = git(upstream, "rev-parse", "HEAD")
    after = commit(upstream, {"agents/a.yaml": None, "agents/new.yaml": "a: 1\n"})
    source = Source(repo_url=str(upstream), path="agents")

    changed = repositories.changed_files(source, before, after)

    assert changed == ("agents/a.yaml", "agents/new.yaml")


def test_the_last_change_of_lines_is_not_that_of_the_file(
    repositories: Repositories, upstream: Path, commit: Git
) -> None:
    source = Source(repo_url=str(upstream), path="agents")
    commit(upstream, {"agents/b.yaml": "one: 1\n---\ntwo: 2\n"})
    second = commit(upstream, {"agents/b.yaml": "one: 1\n---\ntwo: 3\n"})
    revision = commit(upstream, {"agents/b.yaml": "zero: 0\n---\none: 9\n---\ntwo: 3\n"})

    found = repositories.last_change(source, revision, "agents/b.yaml", lines=Lines(5, 5))

    assert found is not None
    assert found.revision == second

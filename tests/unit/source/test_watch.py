import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

import pytest
from waiting import PATIENCE_S

from controller.errors import PermanentError
from controller.source import watch as watches
from controller.source.watch import find, watch

Git = Callable[..., str]


@contextmanager
def watching(path: Path) -> Iterator[Queue[None]]:
    """Watch a repository; each change that is seen puts something."""
    seen: Queue[None] = Queue()
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(path, lambda: seen.put(None), stop))
    thread.start()
    try:
        seen.get(timeout=PATIENCE_S)
        yield seen
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_the_first_call_is_for_what_happened_before(upstream: Path) -> None:
    stop = threading.Event()

    watch(upstream, stop.set, stop)

    assert stop.is_set()


def test_a_commit_is_seen_at_once(
    upstream: Path, commit: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an event, not by the look that comes anyway: here that one never does."""
    monkeypatch.setattr(watches, "LOOK_ANYWAY_S", 3600.0)
    with watching(upstream) as seen:
        # Those in the moment before the watch stands are not told.
        for number in itertools.count(2):
            commit(upstream, {"agents/a.yaml": f"a: {number}\n"})
            with suppress(Empty):
                seen.get(timeout=0.5)
                break
        commit(upstream, {"agents/a.yaml": "a: last\n"})

        seen.get(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    "change",
    [
        ["checkout", "-q", "-b", "feature/new"],
        ["tag", "v1"],
        ["branch", "deep/er/and/deeper"],
        ["symbolic-ref", "HEAD", "refs/heads/other"],
        ["pack-refs", "--all"],
    ],
    ids=lambda change: change[0],
)
def test_every_change_of_references_is_seen(upstream: Path, git: Git, change: list[str]) -> None:
    with watching(upstream) as seen:
        git(upstream, *change)

        seen.get(timeout=PATIENCE_S)


def test_a_commit_on_a_branch_made_meanwhile_is_seen(upstream: Path, git: Git, commit: Git) -> None:
    with watching(upstream) as seen:
        git(upstream, "checkout", "-q", "-b", "feature/new")
        seen.get(timeout=PATIENCE_S)
        commit(upstream, {"agents/a.yaml": "a: 2\n"})

        seen.get(timeout=PATIENCE_S)


def test_a_change_of_the_work_tree_alone_is_nothing(upstream: Path, git: Git) -> None:
    with watching(upstream) as seen:
        (upstream / "agents" / "a.yaml").write_text("a: 2\n")
        git(upstream, "add", "-A")
        git(upstream, "status")

        with pytest.raises(Empty):
            seen.get(timeout=0.3)


def test_a_bare_repository_is_watched(
    tmp_path: Path, upstream: Path, git: Git, commit: Git
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(upstream), str(bare))
    commit(upstream, {"agents/a.yaml": "a: 2\n"})
    with watching(bare) as seen:
        git(upstream, "push", "-q", str(bare), "main")

        seen.get(timeout=PATIENCE_S)


def test_a_linked_work_tree_is_watched(
    tmp_path: Path, upstream: Path, git: Git, commit: Git
) -> None:
    git(upstream, "worktree", "add", "-q", str(tmp_path / "linked"))
    with watching(tmp_path / "linked") as seen:
        commit(tmp_path / "linked", {"agents/a.yaml": "a: 2\n"})

        seen.get(timeout=PATIENCE_S)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="is not a git repository"):
        watch(tmp_path, lambda: None, threading.Event())


def test_a_folder_that_vanishes_during_the_look_is_not_there(
    upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = find(upstream)
    there = os.scandir

    def scandir(path: str | os.PathLike[str]) -> object:
        if str(path).endswith("heads"):
            raise FileNotFoundError(path)
        return there(path)

    monkeypatch.setattr(os, "scandir", scandir)

    assert upstream / ".git" / "refs" in repository.folders()
    assert str(upstream / ".git" / "HEAD") in {name for name, *_ in repository.state()}


def test_a_repository_that_vanishes_and_returns_is_seen(
    tmp_path: Path, upstream: Path, commit: Git
) -> None:
    with watching(upstream) as seen:
        upstream.rename(tmp_path / "away")
        seen.get(timeout=PATIENCE_S)
        (tmp_path / "away").rename(upstream)
        seen.get(timeout=PATIENCE_S)
        commit(upstream, {"agents/a.yaml": "a: 2\n"})

        seen.get(timeout=PATIENCE_S)

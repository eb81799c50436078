from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import PermanentError
from controller.source.limits import Limits
from controller.source.repository import Repositories
from controller.source.snapshot import Snapshot, Source

Git = Callable[..., str]


def test_odd_contents_come_back_byte_for_byte(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    contents = {
        "agents/empty.yaml": b"",
        "agents/no-newline.yaml": b"a: 1",
        "agents/crlf.yaml": b"a: 1\r\nb: 2\r\n",
        "agents/nul.yaml": b"\0\xff\n\n",
        "agents/umlaut-\u00fc.yaml": "ü: 1\n".encode(),
        "agents/twin.yaml": b"a: 1",
    }
    commit(upstream, contents)

    files = read().files

    assert {name: files[name] for name in contents} == contents


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(files=1), "2 files, 1 are allowed"),
        (Limits(total_bytes=9), "10 bytes of definitions, 9 are allowed"),
    ],
)
def test_limits_are_kept(
    tmp_path: Path, upstream: Path, commit: Git, limits: Limits, says: str
) -> None:
    revision = commit(upstream, {"agents/b.yaml": "b: 1\n"})
    repositories = Repositories(tmp_path / "git", limits=limits)

    with pytest.raises(PermanentError, match=says):
        repositories.fetch(Source(repo_url=str(upstream), path="agents"), revision)


def test_a_file_that_is_too_large_is_not_read_and_its_neighbours_are(
    tmp_path: Path, upstream: Path, commit: Git
) -> None:
    revision = commit(upstream, {"agents/b.yaml": "b: 12345\n"})
    repositories = Repositories(tmp_path / "git", limits=Limits(file_bytes=5))

    snapshot = repositories.fetch(Source(repo_url=str(upstream), path="agents"), revision)

    assert list(snapshot.files) == ["agents/a.yaml"]
    (unread,) = snapshot.unread
    assert (unread.path, unread.rule) == ("agents/b.yaml", "too-large")
    assert unread.message == "the file has 9 bytes, and at most 5 are read"


def test_a_template_that_is_too_large_fails_the_whole_revision(
    tmp_path: Path, upstream: Path, commit: Git
) -> None:
    revision = commit(upstream, {"templates/agent.yaml.j2": "b: 12345\n"})
    repositories = Repositories(tmp_path / "git", limits=Limits(file_bytes=5))

    with pytest.raises(PermanentError, match=r"templates/agent\.yaml\.j2"):
        repositories.fetch(
            Source(repo_url=str(upstream), path="agents"), revision, extra_paths=("templates",)
        )

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.source.repository import Repositories
from controller.source.snapshot import Ignored, Snapshot, Source

Git = Callable[..., str]


def test_a_link_inside_the_repository_is_followed(
    read: Callable[..., Snapshot], upstream: Path, commit: Git
) -> None:
    commit(upstream, {"shared/models.yaml": "m: 1\n"})
    (upstream / "agents" / "models.yaml").symlink_to("../shared/models.yaml")

    assert read().files["agents/models.yaml"] == b"m: 1\n"


def test_a_link_to_a_file_that_is_read_anyway_is_ignored(
    read: Callable[..., Snapshot], upstream: Path
) -> None:
    (upstream / "agents" / "again.yaml").symlink_to("a.yaml")

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert snapshot.ignored == (
        Ignored(path="agents/again.yaml", reason="a link to agents/a.yaml, which is read itself"),
    )


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../../outside.yaml",
        "../agents/../../x",
        "nowhere.yaml",
        "loop.yaml",
        "../agents",
    ],
)
def test_a_link_that_leads_to_no_file_inside_is_not_read(
    read: Callable[..., Snapshot], upstream: Path, target: str
) -> None:
    (upstream.parent / "outside.yaml").write_text("secret: 1\n")
    (upstream / "agents" / "loop.yaml").symlink_to(target)

    snapshot = read()

    assert list(snapshot.files) == ["agents/a.yaml"]
    assert [(item.path, item.rule) for item in snapshot.unread] == [
        ("agents/loop.yaml", "bad-link")
    ]


def test_links_are_followed_over_http_too(
    repositories: Repositories, server: Any, upstream: Path, commit: Git
) -> None:
    commit(upstream, {"shared/models.yaml": "m: 1\n"})
    (upstream / "agents" / "models.yaml").symlink_to("../shared/models.yaml")
    revision = commit(upstream, {})
    source = Source(repo_url=f"{server.url}/upstream/.git", path="agents")

    assert repositories.fetch(source, revision).files["agents/models.yaml"] == b"m: 1\n"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.pushes import Push, concerned, normalised
from controller.state.records import ApplicationSpec


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/agents",
        "https://github.com/acme/agents.git",
        "https://github.com/acme/agents/",
        "https://bot:token@github.com/acme/agents.git",
        "https://GitHub.com:443/Acme/agents.git",
        "http://github.com/acme/agents",
        "git@github.com:acme/agents.git",
        "github.com:acme/agents",
        "ssh://git@github.com/acme/agents.git",
        "ssh://git@github.com:22/acme/agents",
        "git://github.com/acme/agents.git",
    ],
)
def test_all_addresses_of_a_repository_are_one(url: str) -> None:
    assert normalised(url) == "github.com/acme/agents"


@pytest.mark.parametrize(
    "url", ["", "/srv/git/agents", "./agents", "file:///srv/agents", "https://[x"]
)
def test_local_and_broken_addresses_are_none(url: str) -> None:
    assert normalised(url) is None


@given(st.text())
def test_any_text_is_taken(url: str) -> None:
    normalised(url)


def spec(target: str, repo_url: str = "https://github.com/acme/agents") -> ApplicationSpec:
    return ApplicationSpec(name="agents", repo_url=repo_url, target_revision=target)


@pytest.mark.parametrize(
    ("target", "ref", "default", "expected"),
    [
        ("main", "refs/heads/main", "main", True),
        ("refs/heads/main", "refs/heads/main", "main", True),
        ("main", "refs/heads/maintenance", "main", False),
        ("HEAD", "refs/heads/main", "main", True),
        ("HEAD", "refs/heads/dev", "main", False),
        ("HEAD", "refs/heads/dev", None, True),
        ("v1", "refs/tags/v1", "main", True),
        ("feature/x", "refs/heads/feature/x", "main", True),
        ("8a1cb4a", "refs/heads/main", "main", False),
    ],
)
def test_applications_follow_their_target(
    target: str, ref: str, default: str | None, *, expected: bool
) -> None:
    repository = {"clone_url": "https://github.com/acme/agents.git", "default_branch": default}
    push = Push.model_validate({"ref": ref, "repository": repository})

    assert bool(concerned(push, [spec(target)])) is expected


def test_local_repositories_are_no_match_for_a_push_without_addresses() -> None:
    push = Push.model_validate({"ref": "refs/heads/main", "repository": {"clone_url": "/srv/x"}})

    assert concerned(push, [spec("main", "/srv/x")]) == ()

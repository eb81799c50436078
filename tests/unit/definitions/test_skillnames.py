import pytest

from controller.definitions import skillnames


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/team/skill:v1",
        "localhost:5000/skill",
        "skill@sha256:abc",
        "registry/skill:v1@sha256:abc",
    ],
)
def test_an_image_is_named_after_its_repository(image: str) -> None:
    assert skillnames.of_image(image) == "skill"


@pytest.mark.parametrize(
    ("url", "named", "name"),
    [
        ("https://example.com/team/skill.git", {}, "skill"),
        ("https://example.com/team/skill/", {}, "skill"),
        ("https://example.com/team/skill?x=1#y", {}, "skill"),
        ("git@example.com:team/skill.git", {}, "skill"),
        ("https://example.com/a.git", {"path": "skills/helm/"}, "helm"),
        ("https://example.com/a.git", {"path": "skills/helm/", "name": "own"}, "own"),
    ],
)
def test_a_folder_of_a_repository_is_named_after_its_last_part(
    url: str, named: dict[str, str], name: str
) -> None:
    assert skillnames.of_git(url, **named) == name


def test_a_prefix_of_a_bucket_is_named_after_its_last_part() -> None:
    assert skillnames.of_bucket("s3://bucket/skills/runbooks/") == "runbooks"
    assert skillnames.of_bucket("s3://bucket/skills/runbooks/", name="own") == "own"

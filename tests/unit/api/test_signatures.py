import pytest
from werkzeug.datastructures import Headers

from controller.api.signatures import Forge, event_of, forge_of, is_genuine


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-GitHub-Event": "push"}, Forge.GITHUB),
        ({"x-gitlab-event": "Push Hook"}, Forge.GITLAB),
        ({"X-Gitea-Event": "push", "X-GitHub-Event": "push"}, Forge.GITEA),
        ({}, None),
    ],
)
def test_forge_is_told_by_its_header(headers: dict[str, str], expected: Forge | None) -> None:
    assert forge_of(Headers(headers)) == expected


def test_signature_of_githubs_documentation_is_right() -> None:
    """The example of docs.github.com, "Validating webhook deliveries"."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = Headers({"X-Hub-Signature-256": signature})
    secret = "It's a Secret to Everybody"

    assert is_genuine(Forge.GITHUB, headers, b"Hello, World!", secret)
    assert not is_genuine(Forge.GITHUB, headers, b"Hello, World?", secret)


@pytest.mark.parametrize("forge", list(Forge))
def test_empty_secret_is_never_genuine(forge: Forge) -> None:
    headers = Headers({"X-Gitlab-Token": ""})

    assert not is_genuine(forge, headers, b"", "")


@pytest.mark.parametrize(
    ("event", "expected"),
    [("Push Hook", "push"), ("Tag Push Hook", "push"), ("Issue Hook", "Issue Hook")],
)
def test_gitlabs_events_get_one_name(event: str, expected: str) -> None:
    assert event_of(Forge.GITLAB, Headers({"X-Gitlab-Event": event})) == expected

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import links

REVISION = "8a1cb4a02d3538e54907c827352f66f20c3d7b0d"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/acme/agents.git", "https://github.com/acme/agents"),
        ("https://bot:token@github.com/acme/agents", "https://github.com/acme/agents"),
        ("http://git.example.com:3000/x/", "http://git.example.com:3000/x"),
        ("javascript:alert(1)", None),
        ("JavaScript://github.com/%0aalert(1)", None),
        (" javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("git@github.com:acme/agents.git", None),
        ("ssh://git@github.com/acme/agents", None),
        ("/srv/agents", None),
        ("https://", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_only_web_addresses_become_links(address: str, expected: str | None) -> None:
    assert links.web_url(address) == expected


@given(st.text() | st.text().map(lambda text: f"javascript:{text}"))
def test_no_text_becomes_another_scheme(address: str) -> None:
    found = links.web_url(address)

    assert found is None or found.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("repository", "has_page"),
    [
        ("https://github.com/acme/agents.git", True),
        ("https://gitlab.example.com/acme/agents", True),
        ("https://github.com.evil.example/acme/agents", False),
        ("https://git.example.com/acme/agents", False),
        ("git@github.com:acme/agents.git", False),
    ],
)
def test_commits_are_linked_where_their_page_is_known(repository: str, *, has_page: bool) -> None:
    assert (links.commit_url(repository, REVISION) is not None) is has_page


def test_file_link_names_revision_and_line() -> None:
    found = links.file_url("https://github.com/a/b.git", REVISION, "agents/my agent.yaml", 9)

    assert found == f"https://github.com/a/b/blob/{REVISION}/agents/my%20agent.yaml#L9"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://bot:hunter2@github.com/acme/agents.git", "github.com/acme/agents"),
        ("git@github.com:acme/agents.git", "git@github.com:acme/agents"),
        ("ssh://git@github.com/acme/agents.git", "github.com/acme/agents"),
        ("/srv/agents", "/srv/agents"),
    ],
)
def test_addresses_are_shown_as_people_say_them(address: str, expected: str) -> None:
    assert links.display(address) == expected

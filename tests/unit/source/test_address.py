from pathlib import Path

import pytest

from controller.errors import PermanentError
from controller.source.address import Address


@pytest.mark.parametrize(
    ("text", "scheme", "prefix"),
    [
        ("https://GitHub.com/org/repo.git", "https", "https://github.com/org/repo.git"),
        ("https://git.example:8443/x/", "https", "https://git.example:8443/x"),
        ("http://127.0.0.1:3000/x", "http", "http://127.0.0.1:3000/x"),
        ("https://[::1]:8443/x", "https", "https://[::1]:8443/x"),
        ("ssh://git@Host.example:2222/org/repo", "ssh", "ssh://host.example:2222/org/repo"),
        ("git@github.com:org/repo.git", "ssh", "ssh://github.com/org/repo.git"),
        ("github.com:org/repo", "ssh", "ssh://github.com/org/repo"),
        ("file:///srv/agents%20repo", "file", "file:///srv/agents repo"),
        ("file://localhost/srv/x", "file", "file:///srv/x"),
        ("/srv/agents", "file", "file:///srv/agents"),
        ("/srv/with:colon", "file", "file:///srv/with:colon"),
    ],
)
def test_addresses_are_taken_apart(text: str, scheme: str, prefix: str) -> None:
    address = Address.parse(text)

    assert (address.scheme, address.prefix) == (scheme, prefix)


@pytest.mark.parametrize("text", ["agents", "./agents", "../agents", "~/agents"])
def test_local_paths_become_absolute(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")

    address = Address.parse(text)

    assert address.path == Path(text).expanduser().absolute()
    assert address.url.startswith("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "transport::address",
        "git://github.com/org/repo",
        "ftp://host/x",
        "javascript://host/x",
        "ssh://-oProxyCommand=x/repo",
        "ssh://-oProxyCommand=x@host/repo",
        "-oProxyCommand=x:repo",
        "-x@host:repo",
        "https:///no-host",
        "https://host:port/x",
        "file://server/share",
        "https://host/x\ny",
        "https://host/\0",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        Address.parse(text)

    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "https://user:s3cret@host/x",
        "https://s3cret@host/x",
        "http://:s3cret@host/x",
        "ssh://git:s3cret@host/x",
    ],
)
def test_secrets_in_urls_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(PermanentError, match="ROSTER_GIT_TOKEN") as caught:
        Address.parse(text)

    assert "s3cret" not in str(caught.value)


def test_a_name_that_looks_like_an_option_is_no_option_as_a_path(tmp_path: Path) -> None:
    assert Address.parse(str(tmp_path / "-x")).url == str(tmp_path / "-x")

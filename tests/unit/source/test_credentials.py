import subprocess
from pathlib import Path

import pytest

from controller.source import credentials
from controller.source.address import Address
from controller.source.credentials import Credentials

ORG = Credentials(token="org")
HOST = Credentials(token="host")
ANY = Credentials(token="any")


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://github.com/org/repo", "org"),
        ("https://GITHUB.com/org", "org"),
        ("https://github.com/org.git", "org"),
        ("https://github.com/organisation/repo", "host"),
        ("https://github.com.evil.example/org/repo", "any"),
        ("https://github.com:8443/org/repo", "any"),
        ("http://github.com/org/repo", ""),
        ("git@github.com:org/repo", ""),
        ("/srv/repo", ""),
    ],
)
def test_the_longest_prefix_wins_and_ends_at_a_slash(url: str, token: str) -> None:
    known = credentials.normalised(
        {"https://github.com/org": ORG, "https://github.com/": HOST, "https://": ANY}
    )

    assert credentials.choose(known, Address.parse(url)).token == token


@pytest.mark.parametrize("url", ["git@host:org/repo", "ssh://git@host/org/repo"])
def test_scp_like_addresses_and_urls_are_one(url: str) -> None:
    known = credentials.normalised({"git@host:org": ORG})

    assert credentials.choose(known, Address.parse(url)) is ORG


def test_single_credentials_are_for_encrypted_addresses() -> None:
    known = credentials.normalised(ANY)

    assert credentials.choose(known, Address.parse("https://host/x")) is ANY
    assert credentials.choose(known, Address.parse("host:x")) is ANY
    assert credentials.choose(known, Address.parse("http://host/x")).token == ""


@pytest.fixture
def askpass(tmp_path: Path) -> Path:
    path = tmp_path / "askpass"
    path.write_text(credentials.ASKPASS)
    path.chmod(0o700)
    return path


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Username for 'https://host.example:8443': ", "bot\n"),
        ("Password for 'https://bot@host.example:8443': ", "t$(id)'\"\\n\n"),
        ("Password for 'https://bot@host.example': ", ""),
        ("Password for 'https://bot@evil.example': ", ""),
        ("Password for 'https://host.example:8443.evil.example': ", ""),
        ("Password for 'https://evil/host.example:8443': ", ""),
        ("Enter passphrase for key '/x': ", ""),
    ],
)
def test_askpass_answers_for_its_host_only(askpass: Path, question: str, answer: str) -> None:
    variables = credentials.environment(
        Credentials(username="bot", token="t$(id)'\"\\n"),
        Address.parse("https://host.example:8443/x"),
        askpass,
    )

    done = subprocess.run([askpass, question], env=variables, capture_output=True, check=False)

    assert done.stdout.decode() == answer


def test_ssh_asks_nobody_and_trusts_no_unknown_host(tmp_path: Path) -> None:
    key = tmp_path / "a key"
    chosen = Credentials(ssh_key=key, known_hosts=tmp_path / "known", ca_file=tmp_path / "ca.pem")

    variables = credentials.environment(chosen, Address.parse("host:x"), tmp_path / "askpass")

    command = variables["GIT_SSH_COMMAND"]
    assert "BatchMode=yes" in command
    assert "StrictHostKeyChecking=yes" in command
    assert f"-i '{key}' -o IdentitiesOnly=yes" in command
    assert f"UserKnownHostsFile={tmp_path}/known" in command
    assert variables["GIT_SSL_CAINFO"] == f"{tmp_path}/ca.pem"
    assert "ROSTER_GIT_PASSWORD" not in variables

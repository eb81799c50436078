from pathlib import Path

import pytest

from controller.errors import PermanentError, RosterError, TransientError
from controller.source import faults
from controller.source.address import Address

ADDRESS = Address.parse("https://git.example/org/repo")
MIRROR = Path("/state/git/m.git")


@pytest.mark.parametrize(
    ("stderr", "kind", "says"),
    [
        ("fatal: Authentication failed for 'https://git.example/'", PermanentError, "credentials"),
        (
            "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://x/'",
            PermanentError,
            "credentials",
        ),
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            PermanentError,
            "credentials",
        ),
        (
            (
                "git@github.com: Permission denied (publickey).\n"
                "fatal: Could not read from remote repository."
            ),
            PermanentError,
            "credentials",
        ),
        (
            (
                "No ED25519 host key is known for x and you have requested strict checking.\n"
                "Host key verification failed.\nfatal: Could not read from remote repository."
            ),
            PermanentError,
            "known_hosts",
        ),
        (
            "fatal: unable to access 'https://x/': SSL certificate problem: self-signed",
            PermanentError,
            "ROSTER_GIT_CA_FILE",
        ),
        (
            "remote: Repository not found.\nfatal: repository 'https://x/' not found",
            PermanentError,
            "no such repository",
        ),
        (
            (
                "fatal: '/srv/x' does not appear to be a git repository\n"
                "fatal: Could not read from remote repository."
            ),
            PermanentError,
            "no such repository",
        ),
        (
            "fatal: detected dubious ownership in repository at '/srv/x'",
            PermanentError,
            "another user",
        ),
        (
            "fatal: unable to access 'https://x/': Could not resolve host: x",
            TransientError,
            "host name",
        ),
        (
            (
                "ssh: connect to host x port 22: Connection refused\n"
                "fatal: Could not read from remote repository."
            ),
            TransientError,
            "cannot be reached",
        ),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 502",
            TransientError,
            "of its own",
        ),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 429",
            TransientError,
            "of its own",
        ),
        (
            "fatal: write error: No space left on device",
            TransientError,
            "Make room",
        ),
        (
            "error: cannot run ssh: No such file or directory\nfatal: unable to fork",
            PermanentError,
            "ssh is not installed",
        ),
        ("fatal: transport 'http' not allowed", PermanentError, "redirects"),
        ("fatal: something new", TransientError, "something new"),
        ("", TransientError, "no reason"),
    ],
)
def test_complaints_become_errors_with_a_remedy(
    stderr: str, kind: type[RosterError], says: str
) -> None:
    error = faults.of_server(ADDRESS, stderr)

    assert isinstance(error, kind)
    assert ADDRESS.url in error.message
    assert says in str(error)
    assert error.remedy


@pytest.mark.parametrize(
    "text",
    [
        "fatal: Authentication failed for 'https://bot:s3cret@host/x'",
        "GET https://host/x?private_token=s3cret&a=1 failed",
        "remote: the token s3cret is revoked",
        "remote: the token s3cret%2F is revoked",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    shown = faults.clean(text, ["s3cret", "s3cret/"])

    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("stderr", "is_damage"),
    [
        ("error: object file objects/ab/cd is empty", True),
        ("fatal: loose object abc is corrupt", True),
        ("fatal: Unable to create '/x/shallow.lock': File exists.", True),
        (f"fatal: not a git repository: '{MIRROR}'", True),
        ("fatal: bad config line 1 in file config", True),
        ("remote: error: object file objects/ab/cd is empty", False),
        ("error: unable to create temporary file: No space left on device", False),
        ("fatal: '/srv/x' does not appear to be a git repository", False),
        ("fatal: Authentication failed", False),
    ],
)
def test_damage_is_told_from_other_faults(stderr: str, *, is_damage: bool) -> None:
    assert faults.is_damage(stderr, MIRROR) is is_damage

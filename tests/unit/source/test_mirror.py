import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.errors import TransientError
from controller.source import mirror as mirrors
from controller.source.address import Address
from controller.source.credentials import Credentials
from controller.source.limits import Limits
from controller.source.mirror import GoneError, Mirror

Git = Callable[..., str]


def mirror_of(url: str, folder: Path, **limits: Any) -> Mirror:
    return Mirror(
        address=Address.parse(url),
        folder=folder / "m.git",
        credentials=Credentials(),
        askpass=folder / "askpass",
        limits=Limits(**limits),
    )


def revisions(mirror: Mirror) -> set[str]:
    listing = mirror.read("for-each-ref", "--format=%(refname:lstrip=3)", mirrors.REVISIONS)
    return set(listing.decode().split())


@pytest.fixture
def mirror(tmp_path: Path, upstream: Path) -> Mirror:
    return mirror_of(str(upstream), tmp_path)


def test_a_mirror_holds_what_was_fetched(mirror: Mirror, upstream: Path, git: Git) -> None:
    revision = git(upstream, "rev-parse", "HEAD")
    before = mirror.has(revision)

    with mirror.locked():
        mirror.fetch(revision)

    assert (before, mirror.has(revision), mirror.has("0" * 40)) == (False, True, False)


def test_tidying_keeps_the_newest_revisions(
    mirror: Mirror, upstream: Path, commit: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "KEPT_REVISIONS", 3)
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
    fetched = []
    with mirror.locked():
        for number in range(6):
            monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-01-0{number + 1}T00:00:00Z")
            fetched.append(commit(upstream, {"agents/a.yaml": f"a: {number}\n"}))
            mirror.fetch(fetched[-1])

        mirror.tidy()

    assert revisions(mirror) == set(fetched[3:])
    assert len(list((mirror.folder / "objects" / "pack").glob("*.pack"))) == 1
    assert mirror.read("cat-file", "-p", f"{fetched[-1]}:agents/a.yaml") == b"a: 5\n"


def test_tidying_happens_by_itself(
    mirror: Mirror, upstream: Path, commit: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "KEPT_REVISIONS", 1)
    monkeypatch.setattr(mirrors, "TIDY_EVERY", 3)
    with mirror.locked():
        for number in range(3):
            mirror.fetch(commit(upstream, {"agents/a.yaml": f"a: {number}\n"}))

    assert len(revisions(mirror)) == 1


def test_a_partial_mirror_can_be_tidied(
    tmp_path: Path, server: Any, upstream: Path, commit: Git
) -> None:
    mirror = mirror_of(f"{server.url}/upstream/.git", tmp_path)
    with mirror.locked():
        for number in range(3):
            revision = commit(upstream, {"agents/a.yaml": f"a: {number}\n"})
            mirror.fetch(revision)
        mirror.tidy()

        assert mirror.is_partial
        assert mirror.has(revision)


def test_an_unknown_commit_is_gone(mirror: Mirror) -> None:
    with mirror.locked(), pytest.raises(GoneError):
        mirror.fetch("0123456789" * 4)


def test_reading_never_fetches(tmp_path: Path, server: Any, upstream: Path, git: Git) -> None:
    """A partial mirror lacks contents; asking for one must not start a hidden request."""
    mirror = mirror_of(f"{server.url}/upstream/.git", tmp_path)
    with mirror.locked():
        mirror.fetch(git(upstream, "rev-parse", "HEAD"))
        requests = len(server.requests)

        with pytest.raises(mirrors.DamagedError):
            mirror.read("cat-file", "-p", "HEAD:agents/a.yaml")

    assert len(server.requests) == requests


def test_a_fetch_that_stalls_is_given_up(tmp_path: Path, silent_port: int) -> None:
    mirror = mirror_of(
        f"http://127.0.0.1:{silent_port}/x.git", tmp_path, timeout_s=0.3, fetch_timeout_s=0.3
    )

    with mirror.locked(), pytest.raises(TransientError, match="no answer within"):
        mirror.fetch("0123456789" * 4)


HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_on_the_same_mirror_is_waited_for(mirror: Mirror) -> None:
    entered = threading.Event()

    def enter() -> None:
        with mirror.locked():
            entered.set()

    with subprocess.Popen(
        [sys.executable, "-c", HOLD, f"{mirror.folder}.lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        thread = threading.Thread(target=enter)
        thread.start()
        too_early = entered.wait(0.2)
        other.communicate()
        thread.join(60)

    assert (too_early, entered.is_set()) == (False, True)


FAKE_SSH = """\
#!/bin/sh
# Runs the command here, as sshd would there.
printf '%s\\n' "$*" >> "$(dirname "$0")/calls"
for last; do :; done
exec sh -c "$last"
"""


@pytest.mark.parametrize("form", ["git@host.example:{}", "ssh://git@host.example:2222{}"])
def test_ssh_addresses_are_fetched_from(
    tmp_path: Path, upstream: Path, git: Git, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(FAKE_SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:/usr/bin:/bin")
    revision = git(upstream, "rev-parse", "HEAD")
    mirror = mirror_of(form.format(upstream), tmp_path)

    with mirror.locked():
        listing = mirror.list_references().decode()
        mirror.fetch(revision)

    assert revision in listing
    assert mirror.has(revision)
    assert "BatchMode=yes" in (ssh.parent / "calls").read_text()

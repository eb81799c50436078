"""Fetches a folder of a repository at one commit, without its history."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from controller.errors import PermanentError, TransientError
from controller.local.skillsinit.wanted import GitRef
from controller.telemetry import redact

_TIMEOUT_S = 120.0
_HARDENED = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    # Neither transports that run commands, nor whatever else a git may have been extended with.
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
}
_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "protocol.version=2"),  # lets any commit be asked for, also of older servers
    *("-c", "advice.detachedHead=false"),
)
_TOKEN = "ROSTER_SKILLS_TOKEN"  # noqa: S105 - the name of a variable
# A function of a shell, because git gives an operation as argument; the token stays out of it.
_HELPER = f'!f() {{ echo username=x-access-token; echo "password=${_TOKEN}"; }}; f'
_REFERENCE = re.compile(r"[A-Za-z0-9][^\s:+^~?*\[\\]*")


def fetch(ref: GitRef, folder: Path, *, auth: Path | None) -> None:
    """Fill a folder with what a reference names; `auth` holds a token or a key of SSH.

    Raises:
        PermanentError: git refuses, or the folder is not in the repository.
        TransientError: it takes too long.
    """
    if not _REFERENCE.fullmatch(ref.ref) or ref.url.startswith("-"):
        raise PermanentError(f"{redact(ref.url)} at {ref.ref!r} is no reference that can be had.")
    with tempfile.TemporaryDirectory(prefix="skill-") as scratch:
        clone = Path(scratch) / "clone"
        clone.mkdir()
        environment = {**os.environ, **_HARDENED, **_signed_in(auth, Path(scratch))}
        _git(clone, "init", "--quiet", environment=environment)
        asked = ("fetch", "--quiet", "--depth", "1", "--no-tags", "--", ref.url, ref.ref)
        _git(clone, *asked, environment=environment)
        _git(clone, "checkout", "--quiet", "--detach", "FETCH_HEAD", environment=environment)
        found = _git(clone, "rev-parse", "HEAD", environment=environment).strip()
        if ref.full and found != ref.ref.lower():
            raise PermanentError(f"{redact(ref.url)} gave commit {found} for {ref.ref}.")
        _copy(clone, ref, folder)


def _copy(clone: Path, ref: GitRef, folder: Path) -> None:
    source = (clone / ref.sub_path).resolve()
    if not source.is_relative_to(clone.resolve()) or not source.is_dir():
        raise PermanentError(
            f"{redact(ref.url)} at {ref.ref} has no folder {ref.sub_path!r}.",
            remedy="Correct the skill's path.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    # Links stay links: whoever reads the skill decides about them.
    shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns(".git"))


def _signed_in(auth: Path | None, scratch: Path) -> Mapping[str, str]:
    """Give the variables by which git signs in with what a Secret holds.

    A key is copied into `scratch`, and goes with it.
    """
    if auth is None:
        return {}
    key, token = auth / "ssh-privatekey", auth / "token"
    if key.is_file():
        private = scratch / "key"
        private.touch(mode=0o600)  # ssh takes no key that others can read
        private.write_bytes(key.read_bytes())
        options = f"-i {private} -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new"
        return {"GIT_SSH_COMMAND": f"ssh {options}"}
    if token.is_file():
        return {
            _TOKEN: token.read_text().strip(),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": _HELPER,
        }
    raise PermanentError("The Secret for git has neither 'token' nor 'ssh-privatekey'.")


def _git(folder: Path, *arguments: str, environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - arguments, not a shell; checked above
            ["git", *_OPTIONS, *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError as error:
        raise PermanentError("git is not installed or not in PATH.") from error
    except subprocess.TimeoutExpired as error:
        raise TransientError(f"git {arguments[0]} took more than {_TIMEOUT_S:g} s.") from error
    if done.returncode != 0:
        said = redact("; ".join(done.stderr.decode(errors="replace").splitlines()))
        raise PermanentError(f"git {arguments[0]} failed: {said}")
    return done.stdout.decode()

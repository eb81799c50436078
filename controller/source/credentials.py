"""Who Roster is to a git server, and how git learns of it without a command line that tells.

A token reaches git through `GIT_ASKPASS`: a script that answers only where git asks for the host
that the credentials are for. A redirect to another host therefore gets nothing.
"""

import os
import shlex
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.source import disk
from controller.source.address import Address

ASKPASS = """\
#!/bin/sh
# Answers git's questions "Username for 'https://host': " and "Password for 'https://user@host': ".
case "$1" in
  *"//$ROSTER_GIT_HOST'"* | *"@$ROSTER_GIT_HOST'"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$ROSTER_GIT_USERNAME" ;;
  Password*) printf '%s\\n' "$ROSTER_GIT_PASSWORD" ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves who Roster is. Everything is optional."""

    username: str = "git"
    """User name for http(s); most forges ignore it when the password is a token."""
    token: str = field(default="", repr=False)
    """Password or token for http(s)."""
    ssh_key: Path | None = None
    """Private key for ssh; else those of ssh's agent and defaults."""
    known_hosts: Path | None = None
    """Host keys for ssh; else the user's."""
    ca_file: Path | None = None
    """Certificate authorities for https; else the system's."""


def normalised(credentials: Credentials | Mapping[str, Credentials]) -> Mapping[str, Credentials]:
    """Give credentials by URL prefix; single ones are for every encrypted address."""
    if isinstance(credentials, Credentials):
        return {"https://": credentials, "ssh://": credentials}
    return {_prefix(prefix): chosen for prefix, chosen in credentials.items()}


def choose(credentials: Mapping[str, Credentials], address: Address) -> Credentials:
    """Give the credentials with the longest prefix that the address begins with.

    Prefixes end at a `/`: `https://host/org` is for `https://host/org/repo`, not for
    `https://host/organisation`.
    """
    matching = [prefix for prefix in credentials if _begins(address.prefix, prefix)]
    return credentials[max(matching, key=len)] if matching else Credentials()


def environment(credentials: Credentials, address: Address, askpass: Path) -> dict[str, str]:
    """Give the variables that make git use the credentials for this address, and only for it."""
    variables = {"GIT_ASKPASS": str(askpass), "GIT_SSH_COMMAND": _ssh(credentials)}
    if credentials.ca_file is not None:
        variables["GIT_SSL_CAINFO"] = str(credentials.ca_file.absolute())
    if credentials.token and address.scheme in {"https", "http"}:
        variables["ROSTER_GIT_HOST"] = address.netloc
        variables["ROSTER_GIT_USERNAME"] = credentials.username
        variables["ROSTER_GIT_PASSWORD"] = credentials.token
    else:
        # No question is ever for this host.
        variables["ROSTER_GIT_HOST"] = "/"
    return variables


def install(askpass: Path) -> None:
    """Have the script that answers git's questions in its place."""
    if askpass.is_file():
        return
    disk.make(askpass.parent)
    new = askpass.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    new.write_text(ASKPASS)
    new.chmod(0o700)
    new.replace(askpass)


def _ssh(credentials: Credentials) -> str:
    """Give an ssh command that asks nobody anything and trusts no unknown host."""
    words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    words += ["-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15"]
    if credentials.ssh_key is not None:
        words += ["-i", str(credentials.ssh_key.absolute()), "-o", "IdentitiesOnly=yes"]
    if credentials.known_hosts is not None:
        words += ["-o", f"UserKnownHostsFile={credentials.known_hosts.absolute()}"]
    return shlex.join(words)


def _prefix(text: str) -> str:
    """Bring a prefix into the form of `Address.prefix`; a bare `https://` stands for every host."""
    return text if text.endswith("://") else Address.parse(text).prefix


def _begins(address: str, prefix: str) -> bool:
    if prefix.endswith("://"):
        return address.startswith(prefix)
    whole, part = address.removesuffix(".git") + "/", prefix.removesuffix(".git").rstrip("/") + "/"
    return whole.startswith(part)

"""What git's complaints mean: is it worth another try, and what should one do.

git has exit codes for almost nothing; the texts are matched in English (`LC_ALL=C`). They were
collected from git 2.39's sources and from the answers of GitHub, GitLab and Gitea.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from controller.errors import PermanentError, RosterError, TransientError
from controller.source.address import Address
from controller.telemetry import redact


@dataclass(frozen=True, slots=True)
class _Rule:
    """A class of complaints: how it is recognised, and what it means."""

    pattern: str
    kind: type[RosterError]
    meaning: str
    remedy: str

    def matches(self, stderr: str) -> bool:
        return bool(re.search(self.pattern, stderr, re.IGNORECASE))


_NO_ROOM = r"no space left on device|disk quota exceeded|read-only file system"

_RULES = (
    _Rule(
        r"cannot run ssh",
        PermanentError,
        "ssh is not installed or not in PATH",
        "Install an OpenSSH client, or use an https address.",
    ),
    _Rule(
        r"host key verification failed|no .* host key is known",
        PermanentError,
        "the server's host key is not known",
        "Put it into the known_hosts file (ROSTER_GIT_KNOWN_HOSTS) after checking it.",
    ),
    _Rule(
        r"certificate|SSL_ERROR|gnutls_handshake|TLS connect error",
        PermanentError,
        "the server's certificate is not trusted",
        "Name its certificate authority with ROSTER_GIT_CA_FILE.",
    ),
    _Rule(
        r"authentication failed|could not read (username|password)|permission denied|"
        r"invalid credentials|access denied|returned error: 40[13]|error: 40[13]|"
        r"terminal prompts disabled|could not authenticate",
        PermanentError,
        "the server refuses Roster's credentials",
        "Check ROSTER_GIT_USERNAME and ROSTER_GIT_TOKEN, or ROSTER_GIT_SSH_KEY, "
        "and what they may read.",
    ),
    _Rule(
        r"dubious ownership",
        PermanentError,
        "the repository belongs to another user",
        "Run Roster as its owner, or change the owner with chown -R.",
    ),
    _Rule(
        r"repository .* not found|repository not found|does not appear to be a git repository|"
        r"no such file or directory|does not exist|not a git repository|error: 404|"
        r"not valid: is this a git repository|could not be found",
        PermanentError,
        "there is no such repository",
        "Check the address, and whether the credentials may see it: "
        "forges hide private repositories.",
    ),
    _Rule(
        r"could not resolve host|name or service not known|temporary failure in name",
        TransientError,
        "the host name is not known",
        "Check the address and the DNS of this machine.",
    ),
    _Rule(
        r"connection refused|couldn't connect|failed to connect|could not connect|"
        r"network is unreachable|no route to host|connection timed out|operation timed out|"
        r"operation too slow|connection reset|connection closed|empty reply",
        TransientError,
        "the server cannot be reached",
        "Check that it runs and that this machine may reach it.",
    ),
    _Rule(
        r"error: (429|5\d\d)",
        TransientError,
        "the server has a problem of its own",
        "Roster tries again.",
    ),
    _Rule(
        _NO_ROOM,
        TransientError,
        "the disk is full or read-only",
        "Make room in the state folder.",
    ),
    _Rule(
        r"transport .* not allowed|redirect",
        PermanentError,
        "the server redirects to an address that Roster does not fetch from",
        "Use the address that it redirects to.",
    ),
)

_DAMAGE = re.compile(
    r"corrupt|inflate|bad (object|tree|config|pack|index|sha1)|object file .* is empty|"
    r"\.lock': file exists|unable to (read|parse|unpack|find)|missing (blob|tree|commit|object)|"
    r"packfile .* (cannot|does not|is)|invalid (sha1|object)|index file|garbage|"
    r"could not parse|not a valid object|remote did not send all necessary objects|"
    r"cannot lock ref|unable to create|pack has|shallow file has changed",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"unadvertised object|does not support (shallow|filter)|dumb http transport|"
    r"shallow capabilities|filter.*not supported|unknown option.*filter|"
    r"does not support --(depth|shallow)",
    re.IGNORECASE,
)
_GONE = re.compile(r"not our ref|couldn't find remote ref|remote ref .* not found", re.IGNORECASE)
_QUERY_SECRET = re.compile(
    r"([?&][\w-]*(?:token|key|password|secret)[\w-]*=)[^&\s'\"]+", re.IGNORECASE
)


def is_damage(stderr: str, mirror: Path) -> bool:
    """Whether the mirror is broken, so that fetching it anew may help.

    What the server says of its own repository does not count, nor does a full disk.
    """
    own = "\n".join(line for line in stderr.splitlines() if not line.startswith("remote:"))
    if re.search(_NO_ROOM, own, re.IGNORECASE):
        return False
    return bool(_DAMAGE.search(own)) or f"not a git repository: '{mirror}" in own


def is_refusal(stderr: str) -> bool:
    """Whether the server cannot do a shallow or partial fetch, or one by commit id."""
    return bool(_REFUSED.search(stderr))


def is_gone(stderr: str) -> bool:
    """Whether the server does not have what was asked for."""
    return bool(_GONE.search(stderr))


def of_server(address: Address, stderr: str, secrets: Iterable[str] = ()) -> RosterError:
    """Give the error that a failed request to a server means."""
    said = clean(stderr, secrets)
    shown = clean(address.url, secrets)
    for rule in _RULES:
        if rule.matches(stderr):
            return rule.kind(f"{shown}: {rule.meaning} ({_gist(said)}).", remedy=rule.remedy)
    return TransientError(f"{shown}: git failed: {_gist(said)}.", remedy="Roster tries again.")


def of_timeout(address: Address, timeout_s: float) -> TransientError:
    """Give the error of a server that does not answer."""
    return TransientError(
        f"{redact(address.url)}: no answer within {timeout_s:g} s.",
        remedy="Check the server and the network; Roster tries again.",
    )


def clean(text: str, secrets: Iterable[str] = ()) -> str:
    """Take everything secret out of a text: URL credentials, query tokens, known values."""
    shown = _QUERY_SECRET.sub(r"\1********", redact(text))
    for secret in secrets:
        if secret:
            shown = shown.replace(secret, "********").replace(quote(secret, safe=""), "********")
    return shown


def _gist(stderr: str) -> str:
    """Give the line that names the cause: the last `fatal:`, else `error:`, else the last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for mark in ("fatal:", "error:", "remote:"):
        marked = [line for line in lines if line.startswith(mark)]
        if marked:
            return marked[-1].removeprefix(mark).strip().rstrip(".")[:300]
    return lines[-1].rstrip(".")[:300] if lines else "it gave no reason"

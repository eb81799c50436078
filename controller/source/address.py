"""Where a repository is: a URL as people write it, checked and taken apart.

The allow-list stands here. git itself knows transports that run commands (`ext::`, `fd::`), and
takes what begins with a dash as an option; neither passes.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from controller.errors import PermanentError
from controller.telemetry import redact

_REMOTE = frozenset({"https", "http", "ssh"})
_SCP = re.compile(r"(?:(?P<user>[^\s/@:]+)@)?(?P<host>[^\s/@:]+):(?P<path>[^\s:][^\s]*)")
"""`git@github.com:org/repo.git`; git's own rule: a colon before the first slash."""
_EXAMPLES = (
    "Use https://host/path, ssh://user@host/path, user@host:path, file:///path "
    "or the path of a local repository."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A checked repository address."""

    scheme: str
    """https, http, ssh or file."""
    url: str
    """What git is given: never with a password, never beginning with a dash."""
    prefix: str
    """`scheme://host[:port]/path` in lower-case host and without user: what credentials are
    chosen by."""
    path: Path | None = None
    """Folder of a local repository."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check an address.

        Raises:
            PermanentError: it is none that Roster fetches from, or it holds a password.
        """
        if not text or text.startswith("-") or _has_control(text):
            raise _refused(text, "is not the address of a repository", _EXAMPLES)
        if "://" in text:
            return cls._of_url(text)
        if "::" in text.split("/", maxsplit=1)[0]:
            raise _refused(text, "names a transport that runs commands", _EXAMPLES)
        match = _SCP.fullmatch(text)
        if match and "/" not in text.split(":", maxsplit=1)[0]:
            return cls._of_scp(text, match)
        return cls._local(Path(text).expanduser())

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return self.path is not None

    @property
    def netloc(self) -> str:
        """Host and port, as git names them when it asks for a password; empty for local ones."""
        return "" if self.is_local else urlsplit(self.prefix).netloc

    @classmethod
    def _of_url(cls, text: str) -> Self:
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise _refused(text, "is not a URL", _EXAMPLES) from error
        if parts.scheme == "file":
            return cls._of_file_url(text, parts)
        if parts.scheme not in _REMOTE:
            raise _refused(text, f"has the scheme {parts.scheme!r}", _EXAMPLES)
        _check_host(text, host, parts.username or "")
        _check_userinfo(text, parts)
        shown = f"[{host}]" if ":" in host else host
        netloc = shown if port is None else f"{shown}:{port}"
        return cls(
            scheme=parts.scheme,
            url=text,
            prefix=f"{parts.scheme}://{netloc}/{parts.path.strip('/')}",
        )

    @classmethod
    def _of_file_url(cls, text: str, parts: SplitResult) -> Self:
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise _refused(text, "names no folder of this machine", "Use file:///path.")
        return cls._local(Path(unquote(parts.path)))

    @classmethod
    def _of_scp(cls, text: str, match: re.Match[str]) -> Self:
        _check_host(text, match["host"], match["user"] or "")
        return cls(
            scheme="ssh",
            url=text,
            prefix=f"ssh://{match['host'].lower()}/{match['path'].strip('/')}",
        )

    @classmethod
    def _local(cls, path: Path) -> Self:
        # Made absolute, which also keeps a name such as `-x` from being an option. Links are left
        # as they are: what they point to may change.
        folder = path.absolute()
        return cls(scheme="file", url=str(folder), prefix=f"file://{folder}", path=folder)


def _check_host(text: str, host: str, user: str) -> None:
    if not host or host.startswith("-") or user.startswith("-"):
        # ssh takes a host that begins with a dash as an option (CVE-2017-1000117).
        raise _refused(text, "names no host", _EXAMPLES)


def _check_userinfo(text: str, parts: SplitResult) -> None:
    """Refuse secrets in URLs: they end up in process lists, logs and stored records."""
    if parts.password is not None or (parts.username and parts.scheme != "ssh"):
        raise _refused(
            text,
            "holds a user name or password",
            "Take it out of the URL and set ROSTER_GIT_USERNAME and ROSTER_GIT_TOKEN.",
        )


def _has_control(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)


def _refused(text: str, problem: str, remedy: str) -> PermanentError:
    return PermanentError(f"{redact(text)!r} {problem}.", remedy=remedy)

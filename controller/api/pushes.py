"""What a webhook's payload says was pushed, and which applications that concerns.

Only a hint: it decides which applications look at their repository now, and nothing of it is
stored, shown or fetched from.
"""

import re
import urllib.parse
from collections.abc import Iterable
from typing import Annotated

import pydantic

from controller.state.records import ApplicationSpec

_Text = Annotated[str, pydantic.Field(max_length=2048)]
_SCP_LIKE = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^\s]+)$")


class _Payload(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")


class Repository(_Payload):
    """A repository, by every address that GitHub, Gitea and GitLab may give it."""

    clone_url: _Text | None = None
    ssh_url: _Text | None = None
    git_url: _Text | None = None
    html_url: _Text | None = None
    url: _Text | None = None
    git_http_url: _Text | None = None
    git_ssh_url: _Text | None = None
    web_url: _Text | None = None
    default_branch: _Text | None = None


class Push(_Payload):
    """A push of one branch or tag."""

    ref: _Text
    repository: Repository = Repository()
    project: Repository = Repository()
    """GitLab's."""

    @property
    def default_branch(self) -> str | None:
        """The branch that HEAD names, where the forge says so."""
        return self.repository.default_branch or self.project.default_branch

    def addresses(self) -> frozenset[str]:
        """Every address of the repository, normalised."""
        urls = [
            value
            for source in (self.repository, self.project)
            for name, value in source
            if name != "default_branch" and value
        ]
        return frozenset(address for url in urls if (address := normalised(url)))


def normalised(url: str) -> str | None:
    """Give `host/path` of a repository's address; None where it has no host.

    Protocol, user, port, `.git` and case are left out: https and ssh name the same repository, and
    visiting one application too many does no harm.
    """
    if "://" not in url:
        found = _SCP_LIKE.match(url)
        return _address(found["host"], found["path"]) if found else None
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return _address(host, urllib.parse.unquote(parts.path)) if host else None


def concerned(push: Push, applications: Iterable[ApplicationSpec]) -> tuple[str, ...]:
    """Give the names of the applications that follow what was pushed."""
    addresses = push.addresses()
    return tuple(
        spec.name
        for spec in applications
        if normalised(spec.repo_url) in addresses and _follows(spec.target_revision, push)
    )


def _follows(target: str, push: Push) -> bool:
    if target in {"HEAD", ""}:
        default = push.default_branch
        return default is None or push.ref == f"refs/heads/{default}"
    return push.ref in {target, f"refs/heads/{target}", f"refs/tags/{target}"}


def _address(host: str, path: str) -> str:
    return f"{host}/{path.strip('/').removesuffix('.git').strip('/')}".lower()

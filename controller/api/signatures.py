"""Who sends a webhook: each forge's way of proving that it knows the shared secret.

Secrets are mandatory and every comparison takes constant time (Flux compares GitLab's token with
`!=`; Argo CD lets the secret be empty).
"""

import hashlib
import hmac
from enum import StrEnum

from werkzeug.datastructures import Headers


class Forge(StrEnum):
    """The forges that are understood."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


def forge_of(headers: Headers) -> Forge | None:
    """Tell which forge sends; Gitea comes first, because it sends GitHub's headers as well."""
    if "X-Gitea-Event" in headers:
        return Forge.GITEA
    if "X-Gitlab-Event" in headers:
        return Forge.GITLAB
    if "X-GitHub-Event" in headers:
        return Forge.GITHUB
    return None


def event_of(forge: Forge, headers: Headers) -> str:
    """Give the name of the event: `push` for pushes of branches and tags, whoever sends them."""
    match forge:
        case Forge.GITHUB:
            return headers.get("X-GitHub-Event", "")
        case Forge.GITEA:
            return headers.get("X-Gitea-Event", "")
        case Forge.GITLAB:
            event = headers.get("X-Gitlab-Event", "")
            return "push" if event in {"Push Hook", "Tag Push Hook"} else event


def is_genuine(forge: Forge, headers: Headers, body: bytes, secret: str) -> bool:
    """Tell whether the sender knows the secret; never true for an empty one."""
    if not secret:
        return False
    match forge:
        case Forge.GITHUB:
            return _equal(headers.get("X-Hub-Signature-256", ""), f"sha256={_hmac(secret, body)}")
        case Forge.GITEA:
            return _equal(headers.get("X-Gitea-Signature", ""), _hmac(secret, body))
        case Forge.GITLAB:
            return _equal(headers.get("X-Gitlab-Token", ""), secret)


def _hmac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _equal(given: str, expected: str) -> bool:
    # Bytes, because compare_digest raises for text that is not ASCII, and callers choose the text.
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())

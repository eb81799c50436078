"""What a server lists, and which commit a revision names there."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller.errors import PermanentError

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_ID = re.compile(r"[0-9a-f]{7,63}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|^/|/$|\.$|^\.|/\.")
"""`git check-ref-format`; it also keeps out revision expressions such as `main~3`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """One listing of a repository: commit by full name; tags are peeled."""

    commits: Mapping[str, str]
    default_branch: str = ""
    """Full name of the branch that HEAD points to; empty where the server does not tell."""


def parse(listing: bytes) -> References:
    """Read the output of `git ls-remote --symref`."""
    commits: dict[str, str] = {}
    default = ""
    for line in listing.decode(errors="replace").splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: ") and name == "HEAD":
            default = value.removeprefix("ref: ")
        elif _FULL_ID.fullmatch(value):
            # The peeled line `refs/tags/v1^{}` follows the tag's own and replaces it.
            commits[name.removesuffix("^{}")] = value
    return References(commits=commits, default_branch=default)


def commit_id(revision: str) -> str | None:
    """Give the revision if it is a full commit id, in lower case; None if it is a name."""
    lowered = revision.lower()
    return lowered if _FULL_ID.fullmatch(lowered) else None


def check(revision: str) -> None:
    """Refuse what git would not take as the name of a branch or tag, or take as an option.

    Raises:
        PermanentError: says what is allowed.
    """
    if not revision or revision.startswith("-") or _FORBIDDEN.search(revision):
        raise PermanentError(
            f"{revision!r} is not a revision.",
            remedy="Use a branch, a tag, a full commit id, or HEAD for the default branch.",
        )


def resolve(references: References, revision: str, *, url: str) -> str:
    """Give the commit that a name stands for, by git's own order: HEAD, refs, tags, branches.

    Raises:
        PermanentError: there is none; the message names what is similar.
    """
    if not references.commits:
        raise PermanentError(
            f"{url} has no commits yet.", remedy="Push a first commit; Roster picks it up."
        )
    for name in (revision, f"refs/{revision}", f"refs/tags/{revision}", f"refs/heads/{revision}"):
        if (found := references.commits.get(name)) is not None:
            return found
    raise PermanentError(
        f"{url} has no branch or tag {revision!r}.", remedy=_remedy(references, revision)
    )


def _remedy(references: References, revision: str) -> str:
    if revision == "HEAD":
        return f"Its default branch {references.default_branch!r} is gone: name another one."
    if _SHORT_ID.fullmatch(revision):
        return "A commit is named by its full id."
    names = [
        name.removeprefix(kind)
        for name in references.commits
        for kind in ("refs/heads/", "refs/tags/")
        if name.startswith(kind)
    ]
    similar = difflib.get_close_matches(revision, names, n=3) or names[:5]
    return f"It may have been deleted. There are: {', '.join(similar)}." if similar else ""

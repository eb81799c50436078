"""Addresses that come from data, as links: only http and https, and only where a page is known.

Argo CD let `javascript:` addresses through four times (CVE-2022-31035, CVE-2024-28175,
CVE-2025-47933, CVE-2026-45738).
"""

import urllib.parse

from controller.telemetry import redact


def web_url(address: str) -> str | None:
    """Give an address fit for `href`, without credentials; None for anything but http(s)."""
    cleaned = redact(address)
    try:
        parts = urllib.parse.urlsplit(cleaned)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        return None
    return cleaned.removesuffix("/").removesuffix(".git")


def display(address: str) -> str:
    """Give a repository's address as people say it: no protocol, credentials or `.git`."""
    shown = redact(address).removesuffix("/").removesuffix(".git")
    for prefix in ("https://", "http://", "ssh://git@", "ssh://", "file://"):
        shown = shown.removeprefix(prefix)
    return shown


def commit_url(repository: str, revision: str) -> str | None:
    """Give the page of a commit on forges whose pages are known."""
    base = _forge_page(repository)
    return f"{base}/commit/{urllib.parse.quote(revision, safe='')}" if base and revision else None


def file_url(repository: str, revision: str, file: str, line: int = 0) -> str | None:
    """Give the page of a line of a file at a revision, on forges whose pages are known."""
    base = _forge_page(repository)
    if not base or not revision or not file:
        return None
    place = f"#L{line}" if line > 0 else ""
    return f"{base}/blob/{urllib.parse.quote(revision, safe='')}/{urllib.parse.quote(file)}{place}"


def _forge_page(repository: str) -> str | None:
    """Give the repository's page where commits are at `/commit/` and files at `/blob/`."""
    base = web_url(repository)
    host = urllib.parse.urlsplit(base).hostname or "" if base else ""
    return base if host == "github.com" or host.split(".")[0] == "gitlab" else None

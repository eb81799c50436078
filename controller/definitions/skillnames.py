"""The folder below /skills that a skill gets: kagent's rules, for checks and for rendering."""

import posixpath
import re

ALLOWED = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9._-]+")
"""Anything else, and `.` and `..`, could lead out of the folder (kagent: validateSkillName)."""


def of_image(image: str) -> str:
    """Give the name of an OCI image: its last part, without tag and digest."""
    return posixpath.basename(image.partition("@")[0]).partition(":")[0]


def of_git(url: str, *, path: str = "", name: str = "") -> str:
    """Give the name of a folder of a repository: its own, else the last part of path or address."""
    return name.strip() or _last(path) or _last(_repository(url))


def of_bucket(uri: str, *, name: str = "") -> str:
    """Give the name of a prefix in a bucket: its own, else the last part of the address."""
    return name or _last(uri)


def is_local(path: str) -> bool:
    """Tell whether a path stays in the repository (kagent: validateSubPath)."""
    return not path.startswith("/") and ".." not in path.split("/")


def _repository(url: str) -> str:
    path = url.partition("://")[2].partition("?")[0].partition("#")[0] or url.rpartition(":")[2]
    return (path or url).rstrip("/").removesuffix(".git")


def _last(path: str) -> str:
    return posixpath.basename(path.strip().strip("/"))

"""Where a conversation works: a folder of its own to write in, and the skills to read.

The paths are those of kagent's runtime: relative ones are below the conversation's folder, where
`skills` leads to the skills; `/skills` does, too. Nothing else has a name here.
"""

import hashlib
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from controller.runtime.turns import Turn

MOUNT = "/skills"
"""Where pods have the skills; texts that people write name this path."""
_LINK = "skills"
_MAX_FOLDERS = 200
"""Conversations whose files are kept; beyond that, those of the oldest go."""


class PathError(Exception):
    """A path is none that may be named; the message says which are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file that a model has named."""

    root: Path
    parts: tuple[str, ...]
    is_skill: bool
    """Whether it belongs to a skill, and so can only be read."""


class Workspace:
    """The folders of all conversations of this process; they end with it."""

    def __init__(self, skills: Path) -> None:
        self.skills = skills
        self._base: Path | None = None
        self._folders: dict[tuple[str, str], Path] = {}
        # A model calls several tools at once, each in a thread.
        self._lock = threading.Lock()

    def folder(self, turn: Turn) -> Path:
        """The folder of a turn's conversation, made at its first use."""
        key = (turn.owner, turn.context_id)
        with self._lock:
            folder = self._folders.pop(key, None) or self._made(key)
            self._folders[key] = folder
            while len(self._folders) > _MAX_FOLDERS:
                oldest = next(iter(self._folders))
                shutil.rmtree(self._folders.pop(oldest), ignore_errors=True)
        return folder

    def place(self, turn: Turn, text: str) -> Place:
        """Find the file that a text names.

        Raises:
            PathError: it is neither below the conversation's folder nor in a skill.
        """
        folder = self.folder(turn)
        path = PurePosixPath(text.strip())
        for root, prefix in ((MOUNT, (_LINK,)), (self.skills, (_LINK,)), (folder, ())):
            if path.is_relative_to(root):
                path = PurePosixPath(*prefix, *path.relative_to(root).parts)
                break
        if path.is_absolute() or not path.parts or ".." in path.parts:
            raise PathError(
                f"{text!r} cannot be named here; name a file of a skill, as skills/NAME/FILE, or"
                " one below the working folder, without '..'."
            )
        if path.parts[0] == _LINK:
            return Place(root=self.skills, parts=_of_skill(text, path), is_skill=True)
        return Place(root=folder, parts=path.parts, is_skill=False)

    def close(self) -> None:
        """Remove all folders."""
        if self._base is not None:
            shutil.rmtree(self._base, ignore_errors=True)
        self._base = None
        self._folders.clear()

    def _made(self, key: tuple[str, str]) -> Path:
        if self._base is None:
            self._base = Path(tempfile.mkdtemp(prefix="roster-skills-"))
        # Whose conversation it is belongs to the name: ids of contexts are the callers' to choose.
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
        folder = self._base / name
        folder.mkdir(exist_ok=True)
        (folder / _LINK).symlink_to(self.skills)
        return folder


def _of_skill(text: str, path: PurePosixPath) -> tuple[str, ...]:
    if len(path.parts) < 3:
        raise PathError(f"{text!r} names no file of a skill; name it as skills/NAME/FILE.")
    return path.parts[1:]

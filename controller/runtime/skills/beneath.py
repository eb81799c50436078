"""Opens files below a folder and nowhere else, whatever links lie on the way.

A check of a path before it is opened can be overtaken: a command that runs at the same time may put
a link in its place. So each part of the path is opened from the one before, and no link followed.
"""

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe that a command has left there would wait for good.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(root: Path, parts: Sequence[str], limit_bytes: int) -> tuple[bytes, bool]:
    """Give a file's content up to a limit, and whether that is all of it.

    Raises:
        OSError: there is no such file, or a link is on the way to it.
    """
    descriptor = _open(root, parts, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(limit_bytes + 1)
    return content[:limit_bytes], len(content) <= limit_bytes


def write(root: Path, parts: Sequence[str], content: bytes) -> None:
    """Write a file anew, and make the folders on the way to it.

    Raises:
        OSError: it cannot be written, or a link is on the way to it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(_open(root, parts, flags, make_folders=True), "wb") as file:
        file.write(content)


def _open(root: Path, parts: Sequence[str], flags: int, *, make_folders: bool = False) -> int:
    folder = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts[:-1]:
            if make_folders:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=folder)
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(parts[-1], flags | _FILE, 0o644, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a file")
    return descriptor

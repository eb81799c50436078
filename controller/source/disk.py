"""The folder of the mirrors: private, locked while it is written, and sometimes full."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from controller.errors import PermanentError, TransientError


def make(folder: Path) -> None:
    """Make the folder for this user only: private repositories lie in it.

    Raises:
        PermanentError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PermanentError(
            f"{folder} cannot be made: {error.strerror}.",
            remedy="Choose another folder with --state-dir.",
        ) from error


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep out other processes that use the same mirror; the lock ends with its process."""
    descriptor = os.open(f"{folder}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def faults(folder: Path) -> Iterator[None]:
    """Translate what the operating system says of the folder.

    Raises:
        TransientError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise TransientError(
            f"{folder} cannot be used: {error.strerror or error}.",
            remedy="Check the room on its disk and who owns it.",
        ) from error

"""The writer lock: one controller per state folder.

A lock of the kernel's, so that it ends with the process however that dies; what the file says is
for people only.
"""

import fcntl
import os
import socket
from pathlib import Path

from controller.errors import PermanentError


class StoreLockedError(PermanentError):
    """Another process has the database open."""


class WriterLock:
    """Holds a folder's lock from construction until `release`."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StoreLockedError(
                f"The database in {folder} is in use by {holder or 'another process'}.",
                remedy="Stop that one first, or choose another folder with --state-dir.",
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise PermanentError(
                f"The database in {folder} cannot be locked: {error.strerror}.",
                remedy="Use a local disk; not every network file system has locks.",
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(
            self._descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0
        )

    def release(self) -> None:
        """Let go; the file stays, because deleting it would open a race."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

"""Unpacks the layers of an image into one folder, and nothing outside of it.

Source: OCI image specification, `layer.md`: a later layer's files replace those of an earlier one,
and a name with `.wh.` before it removes what an earlier layer has.
"""

import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from controller.errors import PermanentError

_MAX_BYTES = 1024 * 1024 * 1024
_MAX_FILES = 100_000
_REMOVED, _ALL_REMOVED = ".wh.", ".wh..wh..opq"


class Unpacking:
    """One image that is unpacked; counts what all of its layers take."""

    def __init__(self, folder: Path) -> None:
        self._folder = _real(folder)
        self._size_bytes = 0
        self._files = 0

    def add(self, archive: Path) -> None:
        """Unpack the next layer.

        Raises:
            PermanentError: it is no archive, leads out of the folder, or is too large.
        """
        try:
            with tarfile.open(archive, "r:*") as layer:
                for member in layer:
                    self._place(layer, member)
        except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
            raise PermanentError(f"A layer cannot be unpacked: {error}") from error

    def _place(self, layer: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        target = self._inside(member.name)
        if target == self._folder:
            return
        self._count(member)
        if target.name == _ALL_REMOVED:
            _empty(target.parent)
        elif target.name.startswith(_REMOVED):
            _remove(target.with_name(target.name.removeprefix(_REMOVED)))
        elif member.isdir():
            if target.is_symlink() or not target.is_dir():
                _remove(target)
            target.mkdir(parents=True, exist_ok=True)
        elif member.isfile() or member.issym() or member.islnk():
            _remove(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._write(layer, member, target)

    def _inside(self, name: str) -> Path:
        """Give where a name of an archive stands; what is above it is inside, links followed."""
        parts = tuple(part for part in PurePosixPath(name).parts if part != "/")
        if ".." in parts:
            raise PermanentError(f"A layer holds {name!r}, which leads out of its folder.")
        path = self._folder.joinpath(*parts)
        if parts and not _real(path.parent).is_relative_to(self._folder):
            raise PermanentError(f"A layer holds {name!r}, which is behind a link.")
        return path

    def _stays_inside(self, link: Path, leads_to: str) -> bool:
        """Tell whether a link cannot lead out, whatever other links are made after it.

        Up it leads from the folder where it really is, and only at its beginning: behind a name, a
        step up would depend on where that name leads by then.
        """
        parts = PurePosixPath(leads_to).parts
        up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
        depth = len(_real(link.parent).relative_to(self._folder).parts)
        return "/" not in parts and ".." not in parts[up:] and up <= depth

    def _write(self, layer: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
        if member.issym():
            if not self._stays_inside(target, member.linkname):
                raise PermanentError(
                    f"A layer holds {member.name!r}, a link out of its folder: {member.linkname!r}."
                )
            target.symlink_to(member.linkname)
            return
        if member.islnk():
            other = self._inside(member.linkname)
            # A link under a second name would lead elsewhere than it was looked at for.
            if other.is_symlink() or not other.is_file():
                raise PermanentError(
                    f"A layer holds {member.name!r}, another name of {member.linkname!r},"
                    " which is no file."
                )
            target.hardlink_to(other)
            return
        content = layer.extractfile(member)
        with target.open("wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)

    def _count(self, member: tarfile.TarInfo) -> None:
        self._files += 1
        self._size_bytes += member.size
        if self._files > _MAX_FILES or self._size_bytes > _MAX_BYTES:
            raise PermanentError(
                f"The image holds more than {_MAX_FILES:,} files or {_MAX_BYTES:,} bytes."
            )


def _real(path: Path) -> Path:
    # Not `Path.resolve`: it fails on links in a circle by an error of its own kind.
    return Path(os.path.realpath(path))


def _empty(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

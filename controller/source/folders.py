"""Definitions from a folder on disk, as they are, committed or not: for validate, render, diff."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.errors import UsageError

_SUFFIXES = frozenset({".yaml", ".yml", ".j2"})
_FILE_LIMIT_BYTES = 1024 * 1024


def read(folder: Path) -> Mapping[str, bytes]:
    """Read the definitions and templates below a folder.

    Gives contents by path relative to the working directory where it can, else absolute, so that
    positions in findings open in an editor. Hidden folders are left out.

    Raises:
        UsageError: there is no such folder, or a file cannot be read or is too large.
    """
    if folder.is_file():
        return {shown(folder): _content(folder)}
    if not folder.is_dir():
        raise UsageError(f"{folder} does not exist.", remedy="Name a folder with definitions.")
    return {name(path, folder): _content(path) for path in sorted(_files(folder))}


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.suffix in _SUFFIXES:
            yield path


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _FILE_LIMIT_BYTES:
            raise UsageError(f"{path} is larger than 1 MiB.", remedy="Split it.")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def name(path: Path, folder: Path) -> str:
    """Give a file's name; below a hidden folder that was named itself, relative to that one.

    Hidden folders are passed over, but not the one that somebody points at (`.roster/agents`).
    """
    if any(part.startswith(".") for part in Path(shown(folder)).parts):
        return str(path.relative_to(folder))
    return shown(path)


def shown(path: Path) -> str:
    """Give a path as it stands in what `read` gives."""
    absolute = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)

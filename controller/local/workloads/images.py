"""Which images run on this machine, and as what command.

There is no container runtime here: an image is a promise of commands, and the table says which
promises this machine keeps. Roster's own image is this very environment; `python` images are its
interpreter; images of Node.js and uv are the `npx` and `uvx` of the machine, where it has them,
because that is how MCP servers are usually started; kagent's image that fetches skills is a
module that does the same. Users add rows in `images.yaml` of the local
cluster's folder: image pattern to the command that its entrypoint is, for example

    "ghcr.io/acme/agent:*": [python, -m, acme_agent]

Users' rows come first; `*` in a pattern stands for anything.
"""

import fnmatch
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

REASON = "ImageNotRunnableLocally"
ADDITIONS = "images.yaml"

_ROOT = str(Path(__file__).parents[3])
_MODULES = {
    "roster": ("controller",),
    "roster-agent": ("controller.runtime",),
    "roster-demo": ("controller.runtime.demo",),
    "roster-mcp-bridge": ("controller.runtime.bridge",),
    "skills-init": ("controller.local.skillsinit",),
}
_BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "roster:*": ("roster",),
    "*/roster:*": ("roster",),
    "python:3*": ("python3",),
    "*/python:3*": ("python3",),
    "node:*": ("node",),
    "*/node:*": ("node",),
    "ghcr.io/astral-sh/uv:*": ("uvx",),
    "*/skills-init:*": ("skills-init",),
}
_DEFAULT_COMMANDS = frozenset({("python3",)})
"""What such images run is a default (CMD) and no entrypoint: arguments replace it."""
_INDEX_PREFIXES = ("npm_config_", "uv_")
"""Where npx and uvx download from, as the user has set it."""
_NEEDED = {"node": "Node.js", "npx": "Node.js", "uvx": "uv", "uv": "uv"}


class ImageError(Exception):
    """The image cannot run here; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that runs here: what it executes where the container names no command."""

    entrypoint: tuple[str, ...]


class Images:
    """The table: built-in rows and the user's, read again when the file has changed."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ADDITIONS
        self._read: tuple[float, Mapping[str, tuple[str, ...]]] = (-1.0, {})

    def find(self, image: str) -> Image:
        """Give the row for an image.

        Raises:
            ImageError: there is none.
        """
        name = _with_tag(image)
        for pattern, command in (*self._additions().items(), *_BUILT_IN.items()):
            if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(image, pattern):
                return Image(command)
        raise ImageError(
            f'The local cluster has no container runtime and cannot run image "{image}". Say which '
            f'command stands for it in {self._file}, for example "{image}": [python, -m, package]; '
            "or use a real cluster by setting KUBECONFIG."
        )

    def _additions(self) -> Mapping[str, tuple[str, ...]]:
        try:
            changed = self._file.stat().st_mtime
        except FileNotFoundError:
            return {}
        if changed != self._read[0]:
            self._read = (changed, _parse(self._file))
        return self._read[1]


def command(
    image: Image, arguments: Sequence[str] | None, entrypoint: Sequence[str] | None
) -> list[str]:
    """Give what to execute: the container's command, or the image's, with the arguments.

    As in Kubernetes, a command of the container replaces the image's entrypoint.

    Raises:
        ImageError: the command is none that this machine has.
    """
    if entrypoint:
        return executable([*entrypoint, *(arguments or ())])
    if arguments and image.entrypoint in _DEFAULT_COMMANDS:
        return executable(arguments)
    return executable([*image.entrypoint, *(arguments or ())])


def executable(words: Sequence[str]) -> list[str]:
    """Give a command with its first word as this machine has it.

    Raises:
        ImageError: the command is one that has to be installed first.
    """
    name, *rest = words
    if name in _MODULES:
        return [sys.executable, "-m", *_MODULES[name], *rest]
    if name in {"python", "python3"}:
        return [sys.executable, *rest]
    found = shutil.which(name)
    if found is None and name in _NEEDED:
        raise ImageError(f"The command {name!r} is missing: install {_NEEDED[name]}.")
    return [found or name, *rest]


def environment(image: Image) -> dict[str, str]:
    """Give the variables that such an image would set, or that its programs need here."""
    if image.entrypoint[0] in {"node", "npx", "uvx", "uv"}:
        indexes = {k: v for k, v in os.environ.items() if k.lower().startswith(_INDEX_PREFIXES)}
        return {**indexes, "NODE_USE_ENV_PROXY": "1"}
    # Logs appear as they are written, and Roster's modules are found also in a source tree.
    return {"PYTHONUNBUFFERED": "1", "PYTHONPATH": _ROOT}


def _with_tag(image: str) -> str:
    """Write the tag that Kubernetes assumes: `latest`, where there is neither tag nor digest."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def _parse(file: Path) -> Mapping[str, tuple[str, ...]]:
    try:
        rows = yaml.load(file.read_text(), yaml.CSafeLoader) or {}
        return {str(pattern): _words(words) for pattern, words in rows.items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise ImageError(
            f"{file} is not a mapping of image patterns to commands: {error}"
        ) from error


def _words(words: object) -> tuple[str, ...]:
    if isinstance(words, str):
        return tuple(words.split())
    if isinstance(words, list) and words:
        return tuple(str(word) for word in words)
    message = f"{words!r} is no command"
    raise TypeError(message)

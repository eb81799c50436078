"""The namespace of definitions that name none, as it is where they are deployed."""

from pathlib import Path
from typing import TYPE_CHECKING

from controller.cli import specs

if TYPE_CHECKING:
    from controller.state.records import ApplicationSpec

FALLBACK = "default"


def namespace(
    given: str | None, folder: Path, *, name: str = "", config: Path | None = None
) -> str:
    """Give the namespace asked for, else that of the application in roster.yaml, else `default`.

    Args:
        given: on the command line.
        folder: with the definitions.
        name: of the application; without it, the folder tells which one it is.
        config: roster.yaml, where it is not in the current folder.
    """
    return given or named(folder, name=name, config=config) or FALLBACK


def named(folder: Path, *, name: str = "", config: Path | None = None) -> str:
    """Give the namespace that roster.yaml has for a folder; empty where it does not say."""
    known = specs.from_file(config)
    meant = [spec for spec in known if spec.name == name] or [
        spec for spec in known if _is_of(spec, folder)
    ]
    places = {spec.namespace for spec in meant}
    return places.pop() if len(places) == 1 else ""


def _is_of(spec: "ApplicationSpec", folder: Path) -> bool:
    """Tell whether a folder of a checkout is the one that an application follows."""
    parts = Path(spec.path).parts
    return folder.resolve().parts[-len(parts) :] == parts if parts else True

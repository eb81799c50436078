"""Fetches the files of an image."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from controller.errors import PermanentError
from controller.local.skillsinit import registry
from controller.local.skillsinit.layers import Unpacking
from controller.local.skillsinit.registry import Image, Registry
from controller.local.skillsinit.wanted import OciRef

_CONFIG = ".dockerconfigjson"


def fetch(ref: OciRef, folder: Path, *, secrets: Mapping[str, Any], is_insecure: bool) -> None:
    """Fill a folder with the files of an image.

    Raises:
        PermanentError: there is no such image, or it cannot be unpacked.
        TransientError: the registry cannot be reached.
    """
    image = Image.parse(ref.image)
    source = Registry(image, registry.credentials(secrets, image.host), is_insecure=is_insecure)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    unpacking, left_bytes = Unpacking(folder), registry.MAX_BYTES
    try:
        with tempfile.TemporaryDirectory(prefix="layer-") as scratch:
            for layer in source.layers():
                archive = Path(scratch) / "layer"
                left_bytes -= source.download(layer, archive, limit_bytes=left_bytes)
                unpacking.add(archive)
    finally:
        source.close()


def secrets(folders: Iterable[Path]) -> Mapping[str, Any]:
    """Put together the pull secrets that are mounted; one that is not there is left out.

    Raises:
        PermanentError: one is no configuration of Docker.
    """
    auths: dict[str, Any] = {}
    for folder in folders:
        file = folder / _CONFIG
        if not file.is_file():
            continue
        try:
            auths |= json.loads(file.read_text())["auths"]
        except (ValueError, KeyError, TypeError) as error:
            raise PermanentError(f"The pull secret {folder.name} is no configuration.") from error
    return {"auths": auths}

"""The schemas as they are published, from one compact file (scripts/generate_schemas.py)."""

import functools
import gzip
from collections.abc import Mapping
from importlib import resources as package_files
from typing import Any

import orjson

RELEASE = "1.36"
"""Of Kubernetes, whose schemas these are."""


@functools.cache
def content() -> Mapping[str, Any]:
    """Give the file's content, read once: `definitions` and `descriptions`, by name."""
    packed = package_files.files("controller.schemas") / "kubernetes.json.gz"
    found: dict[str, Any] = orjson.loads(gzip.decompress(packed.read_bytes()))
    return found


@functools.cache
def names() -> Mapping[tuple[str, str, str], str]:
    """Give the names of definitions by group, version and kind."""
    found: dict[tuple[str, str, str], str] = {}
    for name, node in content()["definitions"].items():
        for kind in node.get("x-kubernetes-group-version-kind", ()):
            found.setdefault((kind["group"], kind["version"], kind["kind"]), name)
    return found

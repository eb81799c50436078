"""Rendered manifests as a table or as names; as YAML they are documents, which verbs print."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from controller.cli.nodes import reference
from controller.cli.output import print_table

NOTHING = "There are no such objects."


def print_manifest_names(manifests: Iterable[Mapping[str, Any]]) -> None:
    """Print a name a line, as kubectl takes it."""
    sys.stdout.writelines(f"{_named(manifest)}\n" for manifest in manifests)


def print_manifest_table(manifests: Iterable[Mapping[str, Any]]) -> None:
    """Print a row a manifest."""
    print_table(["api version", "kind", "namespace", "name"], map(_row, manifests), nothing=NOTHING)


def _named(manifest: Mapping[str, Any]) -> str:
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest["metadata"]
    return reference({"group": group, "kind": manifest["kind"], "name": metadata["name"]})


def _row(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace", "")
    return manifest["apiVersion"], manifest["kind"], namespace, metadata["name"]

"""What a definition may look up while it is rendered, and the record of what it looked up.

The record is what makes the cache of rendered components safe: a component is rendered again
exactly when something changes that it has read, or has missed.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import DefinitionId
from controller.objects import content_hash
from controller.render.problems import RenderError


class States:
    """A hash of everything that can be looked up in one revision, computed when asked for."""

    def __init__(self, catalog: Catalog, secret_hashes: Mapping[tuple[str, str], str]) -> None:
        self.catalog = catalog
        self.secret_hashes = secret_hashes
        self._known: dict[DefinitionId, str | None] = {}

    def of(self, wanted: DefinitionId) -> str | None:
        """Give a hash that changes whenever looking this id up would give something else."""
        if wanted not in self._known:
            self._known[wanted] = self._compute(wanted)
        return self._known[wanted]

    def _compute(self, wanted: DefinitionId) -> str | None:
        found = self.catalog.definitions.get(wanted)
        if found is not None:
            return content_hash(found.document.data)
        return self.in_cluster(wanted)

    def in_cluster(self, wanted: DefinitionId) -> str | None:
        """Give the hash of a Secret that the cluster has."""
        if wanted.kind != "Secret" or wanted.group:
            return None
        return self.secret_hashes.get((wanted.namespace, wanted.name))


class Sources:
    """Definitions by id, ConfigMaps and Secrets by name: one for each rendering of a definition."""

    def __init__(self, states: States) -> None:
        self._states = states
        self.read: set[DefinitionId] = set()
        """Everything that was looked up, found or not."""
        self.warnings: list[RenderError] = []
        """What its author should know, and what keeps nothing from being rendered."""

    def warn(self, warning: RenderError) -> None:
        """Take note of a warning."""
        self.warnings.append(warning)

    def find(self, wanted: DefinitionId) -> Definition | None:
        """Give a definition of the catalog."""
        self.read.add(wanted)
        return self._states.catalog.definitions.get(wanted)

    def config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Give the texts of a ConfigMap of the repository; None where it is not in there."""
        found = self.find(plain_id("ConfigMap", namespace, name))
        return _texts(found.document.data, "data") if found else None

    def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Give the values of a Secret of the repository; None where it is not in there."""
        found = self.find(plain_id("Secret", namespace, name))
        if found is None:
            return None
        encoded = _texts(found.document.data, "data")
        decoded = {key: _decoded(value) for key, value in encoded.items()}
        return decoded | _texts(found.document.data, "stringData")

    def content_hash(self, kind: str, namespace: str, name: str) -> str | None:
        """Give a hash of a ConfigMap's or Secret's content, None where nothing is known of it.

        The repository comes before the cluster: what is about to be applied is what the pods will
        read, and the same Secret must not restart them once when it is committed and once more when
        it has arrived.
        """
        wanted = plain_id(kind, namespace, name)
        found = self.find(wanted)
        if found is None:
            return self._states.in_cluster(wanted)
        data = found.document.data
        kept = {key: data[key] for key in ("data", "stringData", "binaryData") if key in data}
        return content_hash(kept)


def plain_id(kind: str, namespace: str, name: str) -> DefinitionId:
    """Give the id of a core object, such as a ConfigMap."""
    return DefinitionId(kind=kind, namespace=namespace, name=name, group="")


def _texts(manifest: Mapping[str, Any], field: str) -> dict[str, str]:
    values = manifest.get(field)
    if not isinstance(values, Mapping):
        return {}
    return {str(key): value for key, value in values.items() if isinstance(value, str)}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""

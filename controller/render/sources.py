"""What a definition may look up while it is rendered, and the record of what it looked up.

The record is what makes the cache of rendered components safe: a component is rendered again
exactly when something changes that it has read, or has missed.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from controller.definitions import targets
from controller.definitions.catalog import Catalog, Definition, Document, Path
from controller.definitions.findings import DefinitionId
from controller.definitions.memory import OfObject
from controller.objects import Manifest, ObjectKey, content_hash
from controller.objects.outlines import Outline
from controller.render.problems import RenderError

_hash_of = OfObject[Document, str](lambda document: content_hash(document.data))


class States:
    """A hash of everything that can be looked up for one revision, computed when asked for."""

    def __init__(self, catalog: Catalog, cluster: Mapping[ObjectKey, Outline] | None) -> None:
        self.catalog = catalog
        self.knows_cluster = cluster is not None
        """Whether what is not in `cluster` is not in the cluster either."""
        self._cluster = cluster or {}
        self._known: dict[DefinitionId, str | None] = {}

    def of(self, wanted: DefinitionId) -> str | None:
        """Give a hash that changes whenever looking this id up would give something else."""
        if wanted not in self._known:
            self._known[wanted] = self._compute(wanted)
        return self._known[wanted]

    def in_cluster(self, wanted: DefinitionId) -> Outline | None:
        """Give what is known of an object that the cluster has and the repository has not."""
        if wanted.group:
            return None
        return self._cluster.get(ObjectKey("", wanted.kind, wanted.namespace, wanted.name))

    def _compute(self, wanted: DefinitionId) -> str | None:
        found = self.catalog.definitions.get(wanted)
        if found is not None:
            return _hash_of(found.document)
        held = self.in_cluster(wanted)
        if held is None:
            return "" if self.knows_cluster else None
        return f"{held.hash}{'' if held.manifest is None else '+'}"


class Sources:
    """Definitions by id, and core objects by name: one for each rendering of a definition."""

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
        """Give the texts of a ConfigMap; None where it is neither in repository nor cluster."""
        held = self._object("ConfigMap", namespace, name)
        return _texts(held, "data") if held is not None else None

    def secret(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Give the values of a Secret; None where it is not in the repository.

        Of one that only the cluster has, they are known where `render.wanted` asks for them.
        """
        held = self._object("Secret", namespace, name)
        if held is None:
            return None
        decoded = {key: _decoded(value) for key, value in _texts(held, "data").items()}
        return decoded | _texts(held, "stringData")

    def service(self, namespace: str, name: str) -> Manifest | None:
        """Give a Service; None where it is neither in repository nor cluster."""
        return self._object("Service", namespace, name)

    def keys(self, kind: str, namespace: str, name: str) -> frozenset[str] | None:
        """Give the keys of a ConfigMap or Secret; None where nothing is known of it."""
        found = self.find(plain_id(kind, namespace, name))
        if found is not None:
            return frozenset(targets.keys_of(found))
        held = self._states.in_cluster(plain_id(kind, namespace, name))
        return held.keys if held is not None else None

    def content_hash(self, kind: str, namespace: str, name: str) -> str | None:
        """Give a hash of a ConfigMap's or Secret's content, None where nothing is known of it.

        The repository comes before the cluster: what is about to be applied is what the pods will
        read, and the same Secret must not restart them once when it is committed and once more when
        it has arrived.
        """
        wanted = plain_id(kind, namespace, name)
        found = self.find(wanted)
        if found is None:
            held = self._states.in_cluster(wanted)
            return held.hash if held is not None else None
        data = found.document.data
        kept = {key: data[key] for key in ("data", "stringData", "binaryData") if key in data}
        return content_hash(kept)

    def unknown(self, rule: str, message: str, *, remedy: str, path: Path) -> RenderError:
        """Give the error of something that is not there, or may be where nobody could look.

        Without a cluster, as in a check of a pull request, it is a warning: the controller will
        find it, or say that it is missing.
        """
        if self._states.knows_cluster:
            where = "neither in the repository nor in the cluster"
            return RenderError(rule, f"{message}: it is {where}", remedy=remedy, path=path)
        return RenderError(
            rule,
            f"{message}: it is not in the repository, so it must be in the cluster",
            remedy=remedy,
            path=path,
            is_certain=False,
        )

    def _object(self, kind: str, namespace: str, name: str) -> Manifest | None:
        wanted = plain_id(kind, namespace, name)
        found = self.find(wanted)
        if found is not None:
            return found.document.data
        held = self._states.in_cluster(wanted)
        return held.manifest if held is not None else None


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

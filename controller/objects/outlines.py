"""What is known of an object that somebody else applies: enough to notice that it changed.

Definitions refer to Secrets and ConfigMaps that only the cluster has. Their keys and a hash are all
that most references need; values are kept only where rendering cannot do without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.objects.content import content_hash
from controller.objects.keys import Manifest

_VALUES = ("data", "binaryData", "stringData")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """An object of the cluster, as far as rendering needs it."""

    hash: str
    """Of what pods read of it, so that labels and annotations of its owner change nothing."""
    keys: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    """The object itself, where its values are needed."""

    def __repr__(self) -> str:
        """Leave the values out of logs and tracebacks."""
        return f"Outline({self.hash[:8]}, {sorted(self.keys)})"


def outline(manifest: Manifest, *, with_values: bool) -> Outline:
    """Give what is kept of a ConfigMap, Secret or Service."""
    held = {name: manifest[name] for name in _VALUES if isinstance(manifest.get(name), Mapping)}
    if manifest.get("kind") == "Service":
        return Outline(hash=content_hash(_address(manifest)), manifest=_address(manifest))
    keys = frozenset(str(key) for values in held.values() for key in values)
    return Outline(hash=content_hash(held), keys=keys, manifest=dict(held) if with_values else None)


def _address(service: Manifest) -> dict[str, Any]:
    """Give the parts of a Service that say where, and how, it is reached."""
    notes = (service.get("metadata") or {}).get("annotations") or {}
    ports = (service.get("spec") or {}).get("ports") or []
    return {"metadata": {"annotations": dict(notes)}, "spec": {"ports": ports}}

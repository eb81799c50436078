"""The identity of a Kubernetes object, as this program compares and prints it.

The API version is no part of it: the same Deployment read as `apps/v1` or `apps/v1beta1` is one
object (the rule of Argo CD's `kube.ResourceKey`).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

Manifest: TypeAlias = Mapping[str, Any]
"""A Kubernetes object as plain data. Never mutated: functions return new ones."""


_PARSED = 65_536
"""Texts that are remembered with their keys: an inventory is read on every visit."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Group (empty for core), kind, namespace (empty for cluster scope) and name of an object."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Read the key of a manifest; missing parts are empty strings."""
        metadata = manifest.get("metadata") or {}
        return cls(
            group=group_of(str(manifest.get("apiVersion", ""))),
            kind=str(manifest.get("kind", "")),
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata.get("name") or ""),
        )

    @classmethod
    @functools.lru_cache(maxsize=_PARSED)
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote: `[group/]Kind namespace/name`, or `[group/]Kind name`."""
        group_kind, _, place = text.partition(" ")
        group, _, kind = group_kind.rpartition("/")
        namespace, _, name = place.rpartition("/")
        if not kind or not name:
            message = f"{text!r} is not an object key, which looks like 'apps/Deployment ns/name'"
            raise ValueError(message)
        return cls(group=group, kind=kind, namespace=namespace, name=name)

    def __str__(self) -> str:
        group = f"{self.group}/" if self.group else ""
        namespace = f"{self.namespace}/" if self.namespace else ""
        return f"{group}{self.kind} {namespace}{self.name}"


@functools.lru_cache(maxsize=1024)
def group_of(api_version: str) -> str:
    """Give the group of an `apiVersion`: `apps` for `apps/v1`, empty for `v1`."""
    return api_version.rpartition("/")[0]


def kind_of(manifest: Manifest) -> tuple[str, str]:
    """Give version and kind of a manifest, as it writes them."""
    return str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))

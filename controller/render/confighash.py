"""The annotation that restarts an agent's pods when anything changes that they read only once."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.render.sources import Sources

ANNOTATION = "kagent.dev/config-hash"


def of(parts: Iterable[bytes]) -> str:
    """Give kagent's form of a hash: the first 8 bytes of SHA-256, big endian, as a decimal; 0 of nothing."""
    content = b"".join(parts)
    return str(int.from_bytes(hashlib.sha256(content).digest()[:8], "big")) if content else "0"


def of_references(pod: Mapping[str, Any], namespace: str, sources: Sources) -> bytes:
    """Give what the hash takes in of every ConfigMap and Secret that a pod refers to.

    kagent counts the Secrets of the main model and of remote MCP servers; here are those of
    environment variables, volumes, headers, memory and summary models too. What nothing is known
    of (it is neither in the repository nor in the cluster) adds nothing.
    """
    hashes = (
        (f"{kind}/{namespace}/{name}", sources.content_hash(kind, namespace, name))
        for kind, name in sorted(references(pod))
    )
    known = [f"{place}={content}\n" for place, content in hashes if content]
    return hashlib.sha256("".join(known).encode()).digest() if known else b""


def references(pod: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Give kind and name of every ConfigMap and Secret in a pod's containers and volumes."""
    return {
        (kind, str(source["name"]))
        for kind, source in (*_of_containers(pod), *_of_volumes(pod))
        if isinstance(source.get("name"), str)
    }


def _of_containers(pod: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for group in ("containers", "initContainers"):
        for container in _mappings(pod.get(group)):
            for variable in _mappings(container.get("env")):
                source = _mapping(variable.get("valueFrom"))
                yield "Secret", _mapping(source.get("secretKeyRef"))
                yield "ConfigMap", _mapping(source.get("configMapKeyRef"))
            for source in _mappings(container.get("envFrom")):
                yield "Secret", _mapping(source.get("secretRef"))
                yield "ConfigMap", _mapping(source.get("configMapRef"))


def _of_volumes(pod: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for volume in _mappings(pod.get("volumes")):
        yield "Secret", {"name": _mapping(volume.get("secret")).get("secretName")}
        yield "ConfigMap", _mapping(volume.get("configMap"))
        for source in _mappings(_mapping(volume.get("projected")).get("sources")):
            yield "Secret", _mapping(source.get("secret"))
            yield "ConfigMap", _mapping(source.get("configMap"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list | tuple) else ():
        if isinstance(item, Mapping):
            yield item

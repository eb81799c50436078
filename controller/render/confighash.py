"""The annotation that restarts an agent's pods when anything changes that they read only once."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.render.scope import Scope

ANNOTATION = "kagent.dev/config-hash"


def of(parts: Iterable[str]) -> str:
    """Give kagent's form of a hash: 8 bytes of SHA-256, big endian, as a decimal; 0 of nothing."""
    content = "".join(parts).encode()
    return str(int.from_bytes(hashlib.sha256(content).digest()[:8], "big")) if content else "0"


def of_references(container: Mapping[str, Any], pod: Mapping[str, Any], scope: Scope) -> str:
    """Give what the hash takes in of every ConfigMap and Secret that a pod's values refer to.

    kagent counts the Secrets of the main model and of remote MCP servers; here are those of
    environment variables, volumes, headers, memory and summary models too. What nothing is known
    of (it is neither in the repository nor in the cluster) adds nothing; the configuration that is
    rendered with the pod is in the hash as text already.
    """
    own = {"env": container["env"], "envFrom": container["env_from"]}
    refers = {
        "containers": [own, *pod["extra_containers"]],
        "initContainers": pod.get("init_containers"),
        "volumes": pod["volumes"],
    }
    hashes = (
        (f"{kind}/{name}", scope.sources.content_hash(kind, scope.namespace, name))
        for kind, name in sorted(references(refers) - {("Secret", scope.name)})
    )
    return "".join(f"{place}={content}\n" for place, content in hashes if content)


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

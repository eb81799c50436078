"""The environment, command and arguments of a container, resolved as the kubelet does it.

Source of the rules: `pkg/kubelet/kubelet_pods.go` (`makeEnvironmentVariables`) and
`third_party/forked/golang/expansion`. References to ConfigMaps and Secrets are looked up by the
caller's function, so that nothing here reads from anywhere.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.local.workloads.kubelet import fields
from controller.objects import Manifest

Lookup = Callable[[str, str], Manifest | None]
"""Gives the ConfigMap or Secret (first argument: the kind) of a name in the pod's namespace."""

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")
_NAME = re.compile(r"[^\x00=]+")


class ConfigError(Exception):
    """The container cannot be configured: its state is Waiting, CreateContainerConfigError."""


def resolve(
    pod: Manifest,
    container: Mapping[str, Any],
    *,
    lookup: Lookup,
    address: str,
    services: Mapping[str, str],
) -> dict[str, str]:
    """Give the variables of a container: `envFrom`, then `env`; services' where neither set them.

    Raises:
        ConfigError: something that is not optional does not exist.
    """
    values: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        values |= _all_of(source, lookup)
    for entry in container.get("env") or ():
        value = _value(pod, container, entry, lookup=lookup, address=address, known=values)
        if value is not None:
            values[entry["name"]] = value
    return {**services, **values}


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value; `$$` is one `$`, and unknown names stay as they are."""

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else values.get(name, match[0])

    return _REFERENCE.sub(replacement, text)


def expand_all(texts: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Expand each of a command's or an argument list's texts."""
    return [expand(text, values) for text in texts]


def content(manifest: Manifest) -> dict[str, bytes]:
    """Give the data of a ConfigMap or Secret, decoded."""
    encoded = (
        manifest.get("binaryData") if manifest["kind"] == "ConfigMap" else manifest.get("data")
    )
    plain = manifest.get("data") if manifest["kind"] == "ConfigMap" else None
    decoded = {key: base64.b64decode(value) for key, value in (encoded or {}).items()}
    return {key: value.encode() for key, value in (plain or {}).items()} | decoded


def _all_of(source: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    kind, reference = (
        ("ConfigMap", source["configMapRef"])
        if "configMapRef" in source
        else ("Secret", source["secretRef"])
    )
    found = _find(kind, reference, lookup)
    prefix = source.get("prefix") or ""
    return {
        prefix + key: value.decode(errors="replace")
        for key, value in (content(found) if found else {}).items()
        if _NAME.fullmatch(prefix + key)
    }


def _value(  # noqa: PLR0913 - a variable may come from each of these
    pod: Manifest,
    container: Mapping[str, Any],
    entry: Mapping[str, Any],
    *,
    lookup: Lookup,
    address: str,
    known: Mapping[str, str],
) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value") or "", known)
    try:
        if "fieldRef" in source:
            return fields.field(pod, source["fieldRef"]["fieldPath"], address=address)
        if "resourceFieldRef" in source:
            named = source["resourceFieldRef"].get("containerName")
            return fields.resource(_container(pod, named) or container, source["resourceFieldRef"])
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if "configMapKeyRef" in source:
        return _key(pod, "ConfigMap", source["configMapKeyRef"], lookup)
    if "secretKeyRef" in source:
        return _key(pod, "Secret", source["secretKeyRef"], lookup)
    message = f"valueFrom of {entry['name']} has no source that is supported here"
    raise ConfigError(message)


def _key(pod: Manifest, kind: str, reference: Mapping[str, Any], lookup: Lookup) -> str | None:
    found = _find(kind, reference, lookup)
    value = content(found).get(reference["key"]) if found else None
    if value is None and not reference.get("optional"):
        place = f"{pod['metadata']['namespace']}/{reference['name']}"
        message = f"couldn't find key {reference['key']} in {kind} {place}"
        raise ConfigError(message)
    return None if value is None else value.decode(errors="replace")


def _find(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> Manifest | None:
    found = lookup(kind, reference.get("name") or "")
    if found is None and not reference.get("optional"):
        message = f'{kind.lower()} "{reference.get("name")}" not found'
        raise ConfigError(message)
    return found


def _container(pod: Manifest, name: str | None) -> Mapping[str, Any] | None:
    spec = pod["spec"]
    everything = [*spec.get("containers", ()), *(spec.get("initContainers") or ())]
    return next((each for each in everything if each["name"] == name), None)

"""Tells clients what the server has: groups, versions, resources, plain and aggregated."""

from collections.abc import Sequence
from typing import Any

from controller.local.apiserver.resources import CUSTOM_VERBS, Registry, Resource, Subresource

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "$Format:%H$",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
AGGREGATED = "apidiscovery.k8s.io"


def core_versions(address: str) -> dict[str, Any]:
    """Give the document of `/api`."""
    places = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": places}


def groups(registry: Registry) -> dict[str, Any]:
    """Give the document of `/apis`."""
    listed = [
        _group(name, versions) for name, versions in registry.group_versions().items() if name
    ]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(registry: Registry, name: str) -> dict[str, Any] | None:
    """Give the document of one group, if there is such a group."""
    versions = registry.group_versions().get(name)
    if versions is None or not name:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def _group(name: str, versions: Sequence[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resources(registry: Registry, group_name: str, version: str) -> dict[str, Any] | None:
    """Give the document of one version of a group, if there is such a version."""
    found = registry.of(group_name, version)
    if not found:
        return None
    listed = [entry for resource in found for entry in _entries(resource)]
    document: dict[str, Any] = {"kind": "APIResourceList"}
    if group_name:
        document["apiVersion"] = "v1"
    place = f"{group_name}/{version}" if group_name else version
    return {**document, "groupVersion": place, "resources": listed}


def _entries(resource: Resource) -> list[dict[str, Any]]:
    own: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(CUSTOM_VERBS if resource.custom is not None else resource.verbs),
    }
    if resource.short_names:
        own["shortNames"] = list(resource.short_names)
    if resource.categories:
        own["categories"] = list(resource.categories)
    if "get" in resource.verbs and "create" in resource.verbs:
        own["storageVersionHash"] = resource.storage_hash
    return [own, *(_subentry(resource, sub) for sub in resource.subresources.values())]


def _subentry(resource: Resource, sub: Subresource) -> dict[str, Any]:
    entry = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if sub.group:
        entry |= {"group": sub.group, "version": sub.version}
    return {**entry, "kind": sub.kind, "verbs": list(sub.verbs)}


def aggregated(registry: Registry, *, core: bool) -> dict[str, Any]:
    """Give everything under `/api` or `/apis` in one document."""
    items = []
    for name, versions in registry.group_versions().items():
        if bool(name) == core:
            continue
        listed = [_aggregated_version(registry, name, version) for version in versions]
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{AGGREGATED}/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(registry: Registry, name: str, version: str) -> dict[str, Any]:
    listed = [_aggregated_resource(resource) for resource in registry.of(name, version)]
    return {"version": version, "resources": listed, "freshness": "Current"}


def _aggregated_resource(resource: Resource) -> dict[str, Any]:
    # The real server names group and version only where they differ from the surrounding ones;
    # for custom resources it always does.
    named = resource.custom is not None
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": {
            "group": resource.group if named else "",
            "version": resource.version if named else "",
            "kind": resource.kind,
        },
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(CUSTOM_VERBS if named else resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            _aggregated_subresource(resource, sub) for sub in resource.subresources.values()
        ]
    return entry


def _aggregated_subresource(resource: Resource, sub: Subresource) -> dict[str, Any]:
    named = resource.custom is not None and not sub.group
    kind = {
        "group": resource.group if named else sub.group,
        "version": resource.version if named else sub.version,
        "kind": sub.kind,
    }
    return {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}

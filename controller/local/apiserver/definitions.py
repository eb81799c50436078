"""CustomResourceDefinitions: their kinds appear when they are accepted and go with them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.local.apiserver.calls import Call, timestamp, utc_now
from controller.local.apiserver.deletion import CLEANUP, DeleteOptions
from controller.local.apiserver.resources import (
    FULL_VERBS,
    Registry,
    Resource,
    Subresource,
)
from controller.local.apiserver.storage import Change, Key, Object
from controller.local.apiserver.verbs import Verbs

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
_CHANGE = ("get", "patch", "update")


def resources_of(definition: Mapping[str, Any]) -> tuple[Resource, ...]:
    """Give the resources that a definition declares, the preferred version first."""
    spec = definition["spec"]
    versions = [version for version in spec["versions"] if version.get("served")]
    versions.sort(key=lambda version: _rank(version["name"]), reverse=True)
    return tuple(_resource(spec, version) for version in versions)


def _rank(name: str) -> tuple[int, int, int]:
    """Order versions: v2, v1, v1beta1, v1alpha1, then the rest."""
    for level, word in ((1, "alpha"), (2, "beta")):
        major, mark, minor = name.removeprefix("v").partition(word)
        if mark and major.isdigit():
            return level, int(major), int(minor or 0)
    number = name.removeprefix("v")
    return (3, int(number), 0) if number.isdigit() else (0, 0, 0)


def _resource(spec: Mapping[str, Any], version: Mapping[str, Any]) -> Resource:
    names = spec["names"]
    parts: dict[str, Subresource] = {}
    declared = version.get("subresources", {})
    if "status" in declared:
        parts["status"] = Subresource(name="status", kind=names["kind"], verbs=_CHANGE)
    if "scale" in declared:
        parts["scale"] = Subresource(
            name="scale", kind="Scale", group="autoscaling", version="v1", verbs=_CHANGE
        )
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        singular=names.get("singular", names["kind"].lower()),
        kind=names["kind"],
        list_kind=names.get("listKind", f"{names['kind']}List"),
        namespaced=spec["scope"] == "Namespaced",
        verbs=FULL_VERBS,
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=parts,
        custom=version,
    )


class Definitions:
    """Accepts definitions, serves their kinds, and clears away what a deleted one leaves."""

    def __init__(self, verbs: Verbs, registry: Registry) -> None:
        self._verbs = verbs
        self._registry = registry

    def keys_of(self, change: Change) -> Iterator[Key]:
        """Look at definitions that changed, and at those of which an object went."""
        if change.key.resource == RESOURCE:
            yield change.key
        elif change.type == "DELETED":
            definition = Key(RESOURCE, "", change.key.resource)
            if self._verbs.storage.get(definition) is not None:
                yield definition

    def settle(self, key: Key) -> None:
        """Serve a definition, or carry on its end."""
        value = self._verbs.storage.get(key)
        if value is None:
            self._registry.remove_custom(key.name)
        elif "deletionTimestamp" in value["metadata"]:
            self._clear(key, value)
        else:
            self._registry.add_custom(key.name, resources_of(value))
            self._accept(key, value)

    def _accept(self, key: Key, value: Object) -> None:
        names = value["spec"]["names"]
        if value["status"].get("acceptedNames") == names and value["status"].get("conditions"):
            return
        now = timestamp(utc_now())
        status = {
            **value["status"],
            "conditions": [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
                _condition(
                    "Established",
                    "InitialNamesAccepted",
                    "the initial names have been accepted",
                    now,
                ),
            ],
            "acceptedNames": names,
        }
        self._verbs.update(self._call(key), {**value, "status": status})

    def _call(self, key: Key) -> Call:
        return Call(
            resource=self._registry.by_name(RESOURCE),
            name=key.name,
            subresource="status",
            manager="kube-apiserver",
            validation="Ignore",
        )

    def _clear(self, key: Key, value: Object) -> None:
        left = False
        for held in tuple(self._verbs.storage.scan(key.name)):
            left = True
            if "deletionTimestamp" not in held["metadata"]:
                metadata = held["metadata"]
                resource = self._registry.by_storage_key(key.name) or resources_of(value)[0]
                call = Call(
                    resource=resource,
                    namespace=metadata.get("namespace", ""),
                    name=metadata["name"],
                )
                self._verbs.delete(call, DeleteOptions())
        finalizers = value["metadata"].get("finalizers", ())
        if not left and CLEANUP in finalizers:
            kept = [name for name in finalizers if name != CLEANUP]
            patch = {"metadata": {"finalizers": kept or None}}
            call = replace(self._call(key), subresource="")
            self._verbs.patch(call, "application/merge-patch+json", patch)


def _condition(kind: str, reason: str, message: str, now: str) -> Object:
    return {
        "type": kind,
        "status": "True",
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }

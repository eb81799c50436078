"""Namespaces: what each of them begins with, and how they end.

A new namespace gets its default service account. The root certificate's ConfigMap comes with the
first pod, since only pods read it. A namespace that is being deleted takes all it holds along.
"""

from collections.abc import Iterator
from dataclasses import replace

from controller.local.apiserver.calls import Call
from controller.local.apiserver.deletion import DeleteOptions
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.storage import Change, Key, Object
from controller.local.apiserver.verbs import Verbs

ROOT_CERTIFICATE = "kube-root-ca.crt"
_NAMESPACES, _PODS, _ACCOUNTS = "namespaces", "pods", "serviceaccounts"


def _concerns_namespace(change: Change) -> bool:
    """Was this the last object of an ending namespace, or the first pod of a new one?"""
    return change.type == "DELETED" or (change.type == "ADDED" and change.key.resource == _PODS)


class Namespaces:
    """Keeps namespaces furnished, and clears those that are to go."""

    def __init__(self, verbs: Verbs, certificate: str) -> None:
        self._verbs = verbs
        self._certificate = certificate

    def keys_of(self, change: Change) -> Iterator[Key]:
        """Look at namespaces that changed, and at those in which something came or went."""
        if change.key.resource == _NAMESPACES:
            yield change.key
        elif change.key.namespace and _concerns_namespace(change):
            yield Key(_NAMESPACES, "", change.key.namespace)

    def settle(self, key: Key) -> None:
        """Furnish a namespace, or carry on its end."""
        value = self._verbs.storage.get(key)
        if value is None:
            return
        if "deletionTimestamp" in value["metadata"]:
            self._clear(key, value)
            return
        self._ensure(Key(_ACCOUNTS, key.name, "default"), "ServiceAccount", {})
        if next(self._verbs.storage.scan(_PODS, key.name), None) is not None:
            data = {"data": {"ca.crt": self._certificate}}
            self._ensure(Key("configmaps", key.name, ROOT_CERTIFICATE), "ConfigMap", data)

    def _ensure(self, key: Key, kind: str, content: Object) -> None:
        if self._verbs.storage.get(key) is not None:
            return
        call = self._call(key)
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": key.name}, **content}
        self._verbs.create(replace(call, name=""), body)

    def _call(self, key: Key) -> Call:
        resource = self._verbs.registry.by_storage_key(key.resource)
        if resource is None:
            raise LookupError(key.resource)
        return Call(
            resource=resource,
            namespace=key.namespace,
            name=key.name,
            manager="kube-controller-manager",
            validation="Ignore",
        )

    def _clear(self, key: Key, value: Object) -> None:
        left = False
        for resource in self._verbs.storage.resources():
            for held in tuple(self._verbs.storage.scan(resource, key.name)):
                left = True
                if "deletionTimestamp" not in held["metadata"]:
                    self._remove(Key(resource, key.name, held["metadata"]["name"]))
        # What went at once has told so by a change, after which this runs again.
        if not left:
            spec = {name: part for name, part in value["spec"].items() if name != "finalizers"}
            body = {**value, "spec": spec}
            self._verbs.update(self._call(key), body)

    def _remove(self, key: Key) -> None:
        try:
            self._verbs.delete(self._call(key), DeleteOptions(propagation="Background"))
        except (ApiError, LookupError):
            return

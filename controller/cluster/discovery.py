"""Which kinds a cluster serves, under which path.

Aggregated discovery (two requests for everything, Kubernetes 1.26 and later) with the older one
request a group version as fallback. Kept in memory: the library's own cache is a file that anybody
on the machine can write.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.cluster.connection import Connection
from controller.cluster.errors import NotFoundError, UnknownKindError
from controller.objects import group_of

_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
_REFRESH_AFTER_S = 5.0
"""An unknown kind leads to a new look, but not more often than this."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind at one version, as the API serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """Give the path of one object, or of the collection where there is no name."""
        root = (
            f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        )
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{place}/{self.plural}{f'/{name}' if name else ''}"


class Discovery:
    """Finds resources by kind; asks the server at the first question and about unknown kinds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._resources: Mapping[tuple[str, str], Resource] = {}
        self._read_at = -_REFRESH_AFTER_S
        self._listeners: list[Callable[[], None]] = []

    def resource(self, api_version: str, kind: str) -> Resource:
        """Give the resource of a kind at a version.

        Raises:
            UnknownKindError: the cluster does not serve it.
        """
        found = self._known().get((api_version, kind)) or self._again().get((api_version, kind))
        if found is None:
            raise _unknown(f"{api_version} {kind}")
        return found

    def preferred(self, group: str, kind: str) -> Resource:
        """Give the resource of a kind at the version that the server prefers.

        Raises:
            UnknownKindError: the cluster does not serve it.
        """
        for resources in (self._known, self._again):
            for resource in resources().values():
                if resource.kind == kind and group_of(resource.api_version) == group:
                    return resource
        raise _unknown(f"{group}/{kind}" if group else kind)

    def refresh(self) -> None:
        """Forget what is known: a CustomResourceDefinition came or went."""
        with self._lock:
            self._read_at = -_REFRESH_AFTER_S
            self._resources = {}

    def announce(self) -> None:
        """Forget what is known, and wake who waits for a kind: a definition was just applied."""
        self.refresh()
        for listener in self._listeners:
            listener()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call the listener when new kinds are to be expected; quick, and not raising."""
        self._listeners.append(listener)

    def _known(self) -> Mapping[tuple[str, str], Resource]:
        return self._resources or self._again()

    def _again(self) -> Mapping[tuple[str, str], Resource]:
        with self._lock:
            if time.monotonic() - self._read_at >= _REFRESH_AFTER_S:
                found = {(r.api_version, r.kind): r for r in self._read()}
                self._resources, self._read_at = found, time.monotonic()
            return self._resources

    def _read(self) -> Iterator[Resource]:
        for root in ("/api", "/apis"):
            answer = self._get(root, _AGGREGATED)
            if answer.get("kind") == "APIGroupDiscoveryList":
                yield from _aggregated(answer)
            else:
                for group_version in _group_versions(answer):
                    yield from self._listed(root, group_version)

    def _listed(self, root: str, group_version: str) -> Iterator[Resource]:
        try:
            answer = self._get(f"{root}/{group_version}")
        except NotFoundError:  # the group went between the two requests
            return
        for item in answer.get("resources") or ():
            if "/" not in item["name"]:
                yield Resource(group_version, item["kind"], item["name"], item["namespaced"])

    def _get(self, path: str, accept: str = "application/json") -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._connection.request(
            "GET", path, action="ask the cluster for its kinds", accept=accept
        )
        return answer


def _aggregated(answer: Mapping[str, Any]) -> Iterator[Resource]:
    for group in answer.get("items") or ():
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for item in version.get("resources") or ():
                kind = (item.get("responseKind") or {}).get("kind") or ""
                yield Resource(api_version, kind, item["resource"], item["scope"] == "Namespaced")


def _group_versions(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from answer.get("versions") or ()
    for group in answer.get("groups") or ():
        preferred = group["preferredVersion"]["groupVersion"]
        yield preferred
        for version in group["versions"]:
            if version["groupVersion"] != preferred:
                yield version["groupVersion"]


def _unknown(name: str) -> UnknownKindError:
    return UnknownKindError(
        f"The cluster does not know the kind {name}.",
        remedy="Install its CustomResourceDefinition, or correct apiVersion and kind.",
    )

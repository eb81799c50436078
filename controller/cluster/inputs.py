"""What the cluster contributes to what is rendered: Secrets, ConfigMaps and Services of others.

They carry no label of ours, and may be many and large, so of each kind and namespace that is needed
only the metadata is watched. An object is read when its version changes, and kept as an outline: of
a Secret that is a hash and its keys, unless its values are needed. When nothing changes, nothing is
asked.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import structlog

from controller.cluster.client import Client
from controller.cluster.errors import ForbiddenError
from controller.cluster.reflector import Reflector
from controller.objects import Manifest, ObjectKey
from controller.objects.outlines import Outline, outline

log = structlog.get_logger(__name__)

Listener: TypeAlias = Callable[[str], None]
"""Called with the name of an application that refers to an object which changed."""
_Place: TypeAlias = tuple[str, str]
"""Kind and namespace."""

_FIRST_LIST_S = 30.0
_STOP_S = 2.0
_CONCURRENCY = 8


class Inputs:
    """Objects that definitions refer to, by application. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._reflectors: dict[_Place, Reflector] = {}
        self._versions: dict[ObjectKey, str] = {}
        self._outlines: dict[ObjectKey, tuple[str, bool, Outline]] = {}
        """With the version they were read at, and whether values were kept."""
        self._wanted: dict[str, Mapping[ObjectKey, bool]] = {}
        self._hidden: set[_Place] = set()
        self._listeners: list[Listener] = []

    def stop(self) -> None:
        """End all watches."""
        with self._lock:
            reflectors = list(self._reflectors.values())
            self._reflectors.clear()
        for reflector in reflectors:
            reflector.stop()
        deadline = time.monotonic() + _STOP_S
        for reflector in reflectors:
            reflector.join(max(0.0, deadline - time.monotonic()))

    def subscribe(self, listener: Listener) -> None:
        """Call the listener when something changes that an application has asked for.

        It runs on the watching thread, without a lock held; it has to be quick and not to raise.
        """
        self._listeners.append(listener)

    def look(
        self, application: str, wanted: Mapping[ObjectKey, bool]
    ) -> Mapping[ObjectKey, Outline]:
        """Give outlines of the objects that exist, and follow them from now on.

        Args:
            application: who asks; it is told of changes until it asks for others.
            wanted: names of ConfigMaps, Secrets and Services; True where values are needed.

        Raises:
            UnavailableError: what the cluster has is not known at present.
        """
        with self._lock:
            self._wanted[application] = wanted
        hidden = self._follow({(key.kind, key.namespace) for key in wanted})
        visible = [key for key in wanted if (key.kind, key.namespace) not in hidden]
        with self._lock:
            stale = [key for key in visible if self._is_stale(key, with_values=wanted[key])]
        if stale:
            with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="inputs") as pool:
                list(pool.map(self._read, stale))
        with self._lock:
            return {key: self._outlines[key][2] for key in wanted if key in self._outlines}

    def _follow(self, places: Iterable[_Place]) -> frozenset[_Place]:
        """Wait until what is known of the places is current; give those that may not be seen."""
        hidden = set()
        deadline = time.monotonic() + _FIRST_LIST_S
        for place, reflector in [(place, self._reflector(place)) for place in sorted(places)]:
            try:
                reflector.wait(max(0.0, deadline - time.monotonic()))
            except ForbiddenError as error:
                hidden.add(place)
                self._tell_of_hidden(place, error)
        return frozenset(hidden)

    def _tell_of_hidden(self, place: _Place, error: ForbiddenError) -> None:
        if place not in self._hidden:
            self._hidden.add(place)
            log.warning("inputs_hidden", kind=place[0], namespace=place[1], error=str(error))

    def _reflector(self, place: _Place) -> Reflector:
        with self._lock:
            found = self._reflectors.get(place)
            if found is None or not found.is_alive:
                kind, namespace = place
                found = Reflector(
                    self._client,
                    _Versions(self, kind, namespace),
                    api_version="v1",
                    kind=kind,
                    namespace=namespace,
                    is_metadata_only=True,
                )
                self._reflectors[place] = found
                found.start()
            return found

    def _is_stale(self, key: ObjectKey, *, with_values: bool) -> bool:
        version, known = self._versions.get(key), self._outlines.get(key)
        if version is None:
            self._outlines.pop(key, None)
            return False
        return known is None or known[0] != version or (with_values and not known[1])

    def _read(self, key: ObjectKey) -> None:
        with self._lock:
            needed = any(wanted.get(key, False) for wanted in self._wanted.values())
        found = self._client.get(key, "v1")
        with self._lock:
            if found is None:
                self._outlines.pop(key, None)
            else:
                version = str(found["metadata"].get("resourceVersion", ""))
                made = outline(found, with_values=needed)
                self._outlines[key] = (version, needed, made)

    def changed(self, versions: Mapping[ObjectKey, str | None], *, tell: bool = True) -> None:
        """Take what a watch tells: versions of objects, None of those that are gone."""
        with self._lock:
            moved = {key for key, version in versions.items() if self._moves(key, version)}
            concerned = [name for name, wanted in self._wanted.items() if moved & wanted.keys()]
        for name in concerned if tell else ():
            for listener in self._listeners:
                listener(name)

    def known(self, kind: str, namespace: str) -> frozenset[ObjectKey]:
        """Give the names of all objects of a kind in a namespace that are there."""
        with self._lock:
            return frozenset(
                key for key in self._versions if (key.kind, key.namespace) == (kind, namespace)
            )

    def _moves(self, key: ObjectKey, version: str | None) -> bool:
        before = self._versions.get(key)
        if version is None:
            self._versions.pop(key, None)
        else:
            self._versions[key] = version
        return before != version


class _Versions:
    """Where one watch puts the versions of its objects."""

    def __init__(self, inputs: Inputs, kind: str, namespace: str) -> None:
        self._inputs = inputs
        self._kind = kind
        self._namespace = namespace
        self._has_listed = False

    def light(self, item: Manifest) -> Manifest:
        metadata = item["metadata"]
        return {"metadata": {name: metadata.get(name) for name in ("name", "resourceVersion")}}

    def replace(self, items: list[Manifest]) -> None:
        listed: dict[ObjectKey, str | None] = {self._key(item): _version(item) for item in items}
        gone = self._inputs.known(self._kind, self._namespace) - listed.keys()
        # Whoever asked for the first list waits for it, and need not be told.
        self._inputs.changed({**dict.fromkeys(gone), **listed}, tell=self._has_listed)
        self._has_listed = True

    def upsert(self, item: Manifest) -> None:
        self._inputs.changed({self._key(item): _version(item)})

    def delete(self, item: Manifest) -> None:
        self._inputs.changed({self._key(item): None})

    def _key(self, item: Manifest) -> ObjectKey:
        return ObjectKey("", self._kind, self._namespace, str(item["metadata"]["name"]))


def _version(item: Manifest) -> str:
    return str(item["metadata"].get("resourceVersion", ""))

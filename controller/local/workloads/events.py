"""Events: what controllers and kubelet tell people about an object, and their expiry.

The same event again raises the count of the first one, as client-go's recorder does, so that a pod
that fails its probe all night has one event and not thousands.
"""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.store import Store
from controller.local.workloads import times
from controller.objects import Manifest

_KEPT = timedelta(hours=1)
"""The API server's default `--event-ttl`."""
_SWEEP_INTERVAL_S = 300.0
_REMEMBERED = 2048


class Recorder:
    """Writes events, in order and without making the caller wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._known: dict[tuple[str, ...], Manifest] = {}

    def record(  # noqa: PLR0913 - an event says all this
        self,
        about: Manifest,
        reason: str,
        message: str,
        *,
        component: str,
        kind: str = "Normal",
        container: str = "",
    ) -> None:
        """Tell something about an object; `container` names the part of a pod that it is about."""
        metadata = about["metadata"]
        time = times.written(times.now())
        reference = {
            "kind": about["kind"],
            "namespace": metadata.get("namespace", ""),
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": about["apiVersion"],
            "resourceVersion": metadata["resourceVersion"],
        }
        if container:
            reference["fieldPath"] = f"spec.containers{{{container}}}"
        source = {"component": component}
        if component == "kubelet":
            source["host"] = "local"
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{secrets.token_hex(8)}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
            "type": kind,
            "reportingComponent": component,
            "reportingInstance": source.get("host", ""),
        }
        self._waiting.put_nowait(event)

    async def run(self) -> None:
        """Write what was recorded, until cancelled."""
        while True:
            event = await self._waiting.get()
            try:
                await self._write(event)
            except ApiError:
                # The namespace is being deleted or gone, and an event about that is of no use.
                continue

    async def expire(self) -> None:
        """Remove events that are older than an hour, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_INTERVAL_S)
            oldest = times.written(times.now() - _KEPT)
            for event in await self._store.list("events"):
                if _last_seen(event) < oldest:
                    await self._remove(event)

    async def _write(self, event: dict[str, Any]) -> None:
        key = _sameness(event)
        known = self._known.get(key)
        if known is not None:
            again = {"count": known["count"] + 1, "lastTimestamp": event["lastTimestamp"]}
            metadata = known["metadata"]
            try:
                self._known[key] = await self._store.patch(
                    "events", metadata["namespace"], metadata["name"], again
                )
            except ApiError:
                del self._known[key]
            else:
                return
        self._known[key] = await self._store.create("events", event["metadata"]["namespace"], event)
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    async def _remove(self, event: Manifest) -> None:
        metadata = event["metadata"]
        try:
            await self._store.delete("events", metadata["namespace"], metadata["name"])
        except ApiError:
            return


def _last_seen(event: Mapping[str, Any]) -> str:
    for field in ("lastTimestamp", "eventTime", "firstTimestamp"):
        if event.get(field):
            return str(event[field])
    return str(event["metadata"]["creationTimestamp"])


def _sameness(event: Mapping[str, Any]) -> tuple[str, ...]:
    about = event["involvedObject"]
    return (
        event["source"]["component"],
        about["uid"],
        about.get("fieldPath", ""),
        event["type"],
        event["reason"],
        event["message"],
    )

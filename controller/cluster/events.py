"""Kubernetes Events (`events.k8s.io/v1`) about objects, as `kubectl describe` shows them.

They are a courtesy: written by a thread of its own, few at a time, the same news counted up instead
of written again, and dropped where the server does not take them. Nothing waits for them.
"""

import hashlib
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import structlog

from controller.cluster.connection import Connection
from controller.errors import RosterError
from controller.objects import Manifest
from controller.telemetry import redact

log = structlog.get_logger(__name__)

CONTROLLER = "roster.dev/roster"
_WAITING_MAX = 256
_NOTE_MAX = 1000
"""Characters; the API server refuses a kilobyte and more."""
_REMEMBERED_MAX = 1024
_SERIES_S = 600.0
"""So long the same news about the same object belongs together (client-go takes ten minutes)."""
_BURST = 25
_PER_S = 1.0
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an object."""

    regarding: Manifest
    """The live object, which has a uid."""
    reason: str
    """In CamelCase: Synced, SyncFailed, DriftCorrected."""
    note: str
    """For people."""
    action: str = "Sync"
    type: Literal["Normal", "Warning"] = "Normal"

    @property
    def reference(self) -> Mapping[str, str]:
        """The object as an ObjectReference."""
        metadata = self.regarding.get("metadata") or {}
        return {
            "apiVersion": str(self.regarding.get("apiVersion", "")),
            "kind": str(self.regarding.get("kind", "")),
            "name": str(metadata.get("name", "")),
            "namespace": str(metadata.get("namespace", "")),
            "uid": str(metadata.get("uid", "")),
        }


@dataclass(slots=True)
class _Series:
    """The same news, told before."""

    name: str
    count: int
    last: float


class Recorder:
    """Writes events. `record` returns at once and never raises."""

    def __init__(
        self,
        connection: Connection,
        *,
        instance: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with nothing told.

        Args:
            connection: to the API server.
            instance: names this process among several.
            clock: seconds since the epoch.
        """
        self._connection = connection
        self._instance = instance
        self._clock = clock
        self._waiting: queue.Queue[Event | None] = queue.Queue(_WAITING_MAX)
        self._told: OrderedDict[tuple[str, str, str], _Series] = OrderedDict()
        self._tokens = float(_BURST)
        self._filled = clock()
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Write what waits, for a moment, and end."""
        try:
            self._waiting.put(None, timeout=timeout_s)
        except queue.Full:
            return
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def record(self, event: Event) -> None:
        """Take an event; it is dropped where too many wait."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            log.debug("event_dropped", reason=event.reason)

    def _work(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                self._write(event)
            except RosterError as error:
                log.debug("event_not_written", reason=event.reason, error=str(error))

    def _write(self, event: Event) -> None:
        now = self._clock()
        if not self._may_write(now):
            log.debug("event_dropped", reason=event.reason)
            return
        key = (event.reference["uid"], event.reason, event.note)
        known = self._told.pop(key, None)
        if known is not None and now - known.last < _SERIES_S:
            series = _Series(known.name, known.count + 1, now)
            self._count(event, series)
        else:
            series = _Series(_name(event, now), 1, now)
            self._create(event, series)
        self._told[key] = series
        while len(self._told) > _REMEMBERED_MAX:
            self._told.popitem(last=False)

    def _may_write(self, now: float) -> bool:
        """Take a token from the bucket, if there is one."""
        self._tokens = min(_BURST, self._tokens + max(0.0, now - self._filled) * _PER_S)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _create(self, event: Event, series: _Series) -> None:
        self._connection.request(
            "POST",
            _path(event),
            action=f"write an event about {event.reference['kind']} {event.reference['name']}",
            body=self._body(event, series),
        )

    def _count(self, event: Event, series: _Series) -> None:
        self._connection.request(
            "PATCH",
            f"{_path(event)}/{series.name}",
            action=f"count an event about {event.reference['kind']} {event.reference['name']}",
            body={"series": {"count": series.count, "lastObservedTime": _time(series.last)}},
            content_type=_MERGE,
        )

    def _body(self, event: Event, series: _Series) -> dict[str, Any]:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": series.name, "namespace": _namespace(event)},
            "eventTime": _time(series.last),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": event.action,
            "reason": event.reason,
            "type": event.type,
            "regarding": dict(event.reference),
            "note": redact(event.note)[:_NOTE_MAX],
        }


def _namespace(event: Event) -> str:
    # Events about objects without a namespace stand in `default`.
    return event.reference["namespace"] or "default"


def _path(event: Event) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{_namespace(event)}/events"


def _name(event: Event, now: float) -> str:
    """Give a name that no other event has: that of client-go, with the news in it."""
    news = hashlib.sha256(f"{event.reason}\0{event.note}\0{now}".encode()).hexdigest()[:16]
    return f"{event.reference['name'][:200]}.{news}"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")[:-6] + "Z"

"""Keeps a copy of one kind: list, then watch, for ever.

The library's informer asks for no bookmarks, no pages and has no jitter, and with plain data it
forgets the resource version, so every reconnect replays. This one lists in pages, watches from the
list's version, goes on from the last event or bookmark after a dropped connection, and lists again
after 410 Gone and after a time without a server (which may have come back with another history).
"""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from typing import Any, Protocol

import orjson
import structlog
import urllib3

from controller.cluster import errors
from controller.cluster.client import METADATA_LIST, METADATA_WATCH, Client
from controller.cluster.connection import JSON
from controller.cluster.discovery import Resource
from controller.errors import PermanentError, RosterError, TransientError
from controller.objects import Manifest

log = structlog.get_logger(__name__)

_WATCH_S = (240, 300)
"""A watch ends by itself after a time from this range: all kinds at once would be a burst."""
_SILENCE_S = 330.0
"""Longer than any watch lasts: only a dead connection is silent for this long."""
_BACKOFF_S = (0.2, 30.0)
_AGAIN_S = 2.0
"""How long somebody who needs a copy that failed waits for another try."""
_SHORT_S = 0.5
_ABSENT_S = (0.25, 10.0)
"""Between two looks for a kind that the cluster does not know: more and more, up to the second."""


class Sink(Protocol):
    """Where objects go: the store of live state, and its light variant for pods."""

    def light(self, item: Manifest) -> Manifest:
        """Give what is kept of an object: a list is never held whole."""

    def replace(self, items: list[Manifest]) -> None:
        """Take the whole content."""

    def upsert(self, item: Manifest) -> None:
        """Take one object as it is now."""

    def delete(self, item: Manifest) -> None:
        """Drop one object."""


class Reflector:
    """One thread that follows one kind into a sink."""

    def __init__(  # noqa: PLR0913 -- what to follow, and where to put it
        self,
        client: Client,
        sink: Sink,
        *,
        api_version: str,
        kind: str,
        namespace: str = "",
        label: str = "",
        is_metadata_only: bool = False,
    ) -> None:
        self.api_version = api_version
        self.kind = kind
        self._list_form = METADATA_LIST if is_metadata_only else JSON
        self._watch_form = METADATA_WATCH if is_metadata_only else JSON
        self._client = client
        self._sink = sink
        self._namespace = namespace
        self._label = label
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._settled = threading.Event()
        """Set when the newest try has come to an end, good or bad."""
        self._error: RosterError | None = None
        self._failures = 0
        self._absences = 0
        self._version = ""
        self._response: urllib3.BaseHTTPResponse | None = None
        client.discovery.subscribe(self._expect_kind)
        self._thread = threading.Thread(target=self._run, name=f"watch-{kind}", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs, or has yet to."""
        return self._thread.ident is None or self._thread.is_alive()

    def start(self) -> None:
        """Begin to list and watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch and the thread; returns at once, `join` waits."""
        self._stop.set()
        self._wake.set()
        self._hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def wait(self, timeout_s: float) -> None:
        """Wait until the copy is complete and current; a try that failed is made again at once.

        Raises:
            TransientError: it is not: the list has not come, or the watch fails at present.
            PermanentError: it cannot be: the list is forbidden.
        """
        if self._error is not None:
            self._settled.clear()
            self._wake.set()
            timeout_s = min(timeout_s, _AGAIN_S)
        settled = self._settled.wait(timeout_s)
        error = self._error
        if error is not None:
            raise error
        if not settled or not self._thread.is_alive():
            raise errors.UnavailableError(
                f"The cluster's {self.kind} objects are not known yet.",
                remedy="Check that the cluster answers; see the log.",
            )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except errors.GoneError:
                self._version = ""
            except errors.UnknownKindError:
                self._kind_is_absent()
            except errors.NotFoundError:
                # The path itself is gone: the kind's definition was deleted under the watch.
                self._client.discovery.refresh()
                self._version = ""
            except (TransientError, PermanentError) as error:
                self._failed(error)

    def _follow(self) -> None:
        resource = self._client.discovery.resource(self.api_version, self.kind)
        self._absences = 0
        if not self._version:
            self._list(resource)
        self._watch(resource)

    def _list(self, resource: Resource) -> None:
        items: list[Manifest] = []
        version = ""
        pages = self._client.pages(resource, self._namespace, self._label, accept=self._list_form)
        for page in pages:
            items.extend(map(self._sink.light, page["items"]))
            version = str((page.get("metadata") or {}).get("resourceVersion", ""))
        self._sink.replace(items)
        self._version = version
        self._is_current()

    def _watch(self, resource: Resource) -> None:
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": random.randint(*_WATCH_S),  # noqa: S311 -- jitter, no secret
        }
        if self._label:
            query["labelSelector"] = self._label
        action = f"watch {self.api_version} {self.kind}"
        with self._client.connection.stream(
            resource.path(self._namespace),
            action=action,
            query=query,
            read_timeout_s=_SILENCE_S,
            accept=self._watch_form,
        ) as response:
            self._response = response
            if self._stop.is_set():
                return
            self._is_current()
            started = time.monotonic()
            for line in lines(response):
                self._handle(line, action)
        if time.monotonic() - started < _SHORT_S:
            # A server that ends every watch at once must not be asked in a tight loop.
            self._stop.wait(_SHORT_S)

    def _handle(self, line: bytes, action: str) -> None:
        event, item = _event(line, action)
        match event:
            case "ADDED" | "MODIFIED":
                self._sink.upsert(item)
            case "DELETED":
                self._sink.delete(item)
            case "ERROR":
                status = int(item.get("code") or 500)
                body = orjson.dumps(item)
                raise errors.translate(errors.Refusal(action=action, status=status, body=body))
        self._version = item["metadata"]["resourceVersion"]

    def _is_current(self) -> None:
        self._error = None
        self._failures = 0
        self._settled.set()

    def _kind_is_absent(self) -> None:
        """Stand by without objects until the kind's CustomResourceDefinition arrives."""
        self._sink.replace([])
        self._version = ""
        self._is_current()
        self._absences += 1
        self._wake.clear()
        if not self._stop.is_set():
            least, most = _ABSENT_S
            self._wake.wait(min(most, least * 2.0 ** min(self._absences, 12)))
        self._client.discovery.refresh()

    def _expect_kind(self) -> None:
        """Look sooner: a definition was applied, and takes a moment until it is served."""
        if self._absences:
            self._absences = 0
            self._wake.set()

    def _failed(self, error: RosterError) -> None:
        """Wait before the next try; from the second failure on the copy counts as stale."""
        if self._stop.is_set():
            return
        self._failures += 1
        if self._failures > 1 or not self._settled.is_set() or isinstance(error, PermanentError):
            self._error = error
            self._settled.set()
            # The server may come back with another history, in which our version lies ahead.
            self._version = ""
            # Without a cluster all watches fail; the visits that need them say so once.
            tell = log.debug if isinstance(error, errors.UnreachableError) else log.warning
            tell("watch_failed", kind=self.kind, error=str(error), failures=self._failures)
        self._wake.clear()
        if not self._stop.is_set():
            self._wake.wait(_delay_s(self._failures, error))

    def _hang_up(self) -> None:
        response = self._response
        if response is not None:
            # It may have ended, or be handed back to the pool, in this very moment.
            with contextlib.suppress(ValueError, RuntimeError, OSError):
                response.shutdown()


def lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Give the lines of a stream as they arrive, in time linear in their length."""
    rest: list[bytes] = []
    for chunk in response.stream():
        *complete, last = chunk.split(b"\n")
        for line in complete:
            whole = b"".join([*rest, line])
            rest.clear()
            if whole:
                yield whole
        rest.append(last)


def _event(line: bytes, action: str) -> tuple[str, dict[str, Any]]:
    try:
        event = orjson.loads(line)
        return event["type"], event["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        # A proxy between us and the server may answer anything.
        raise errors.UnavailableError(f"Cannot {action}: the answer is no watch event.") from error


def _delay_s(failures: int, error: RosterError) -> float:
    asked = (error.retry_after_s if isinstance(error, TransientError) else None) or 0.0
    least, most = _BACKOFF_S
    grown = min(most, least * 2.0 ** min(failures, 12))
    return max(asked, grown * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret

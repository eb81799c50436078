"""How Roster tells what it does: structured logs and Prometheus metrics.

A log line and its metric share a name. Metrics live here as objects that whoever does the work
observes; the API serves them under `/metrics`. Labels never hold anything unbounded but
repositories, applications, agents and tool servers, whose number an operator chooses.
"""

import logging
import platform
import re
import sys
from collections import Counter as Counted
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import IO, Any, Literal

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_FAST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From a request answered from memory to one at its time limit."""
_SLOW_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""A visit may wait for health, up to five minutes by default."""

RECONCILE_DURATION = Histogram(
    "roster_reconcile_duration_seconds",
    "Duration of one visit to an application.",
    ["outcome"],
    buckets=_SLOW_S,
    registry=REGISTRY,
)
OPERATIONS = Counter(
    "roster_operations_total",
    "Operations (carried-out plans) by application and final phase.",
    ["application", "phase"],
    registry=REGISTRY,
)
APPLICATIONS = Gauge(
    "roster_applications",
    "Applications by sync and health status.",
    ["sync", "health"],
    registry=REGISTRY,
)
OBJECTS = Gauge(
    "roster_objects",
    "Objects of an application by sync and health status.",
    ["application", "sync", "health"],
    registry=REGISTRY,
)
APPLIED_REVISION = Gauge(
    "roster_applied_revision_info",
    "Always 1; the label is the commit that an application was synced to last.",
    ["application", "revision"],
    registry=REGISTRY,
)
DRIFT_FOUND = Counter(
    "roster_drift_found_total",
    "Objects that were as git wants them and were then changed or deleted by others.",
    ["application"],
    registry=REGISTRY,
)
DRIFT_CORRECTED = Counter(
    "roster_drift_corrected_total",
    "Objects brought back to what git wants after others had changed or deleted them.",
    ["application"],
    registry=REGISTRY,
)
GIT_REQUEST_DURATION = Histogram(
    "roster_git_request_duration_seconds",
    "Duration of requests to git servers.",
    ["operation", "outcome"],
    buckets=_SLOW_S,
    registry=REGISTRY,
)
KUBERNETES_REQUEST_DURATION = Histogram(
    "roster_kubernetes_request_duration_seconds",
    "Duration of requests to the Kubernetes API, watches excepted.",
    ["verb", "outcome"],
    buckets=_FAST_S,
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge(
    "roster_queue_depth", "Applications that wait for their visit.", registry=REGISTRY
)
HTTP_REQUEST_DURATION = Histogram(
    "roster_http_request_duration_seconds",
    "Duration of requests to Roster's API and dashboard, by endpoint.",
    ["endpoint", "method", "code"],
    buckets=_FAST_S,
    registry=REGISTRY,
)
WEBHOOK_REQUESTS = Counter(
    "roster_webhook_requests_total",
    "Calls of git webhooks by forge and what came of them.",
    ["forge", "outcome"],
    registry=REGISTRY,
)
A2A_REQUEST_DURATION = Histogram(
    "roster_a2a_request_duration_seconds",
    "Duration of requests to agents through the gateway, streams to their end.",
    ["agent", "version", "translated", "code"],
    buckets=_SLOW_S,
    registry=REGISTRY,
)
A2A_OPEN_STREAMS = Gauge(
    "roster_a2a_open_streams",
    "Streams from agents that are open through the gateway.",
    ["agent"],
    registry=REGISTRY,
)
TOOL_SERVER_READY = Gauge(
    "roster_tool_server_ready",
    "Whether an MCP server listed its tools when it was asked last.",
    ["server"],
    registry=REGISTRY,
)
TOOL_SERVER_TOOLS = Gauge(
    "roster_tool_server_tools", "Tools of an MCP server.", ["server"], registry=REGISTRY
)
TOOL_SERVER_DURATION = Histogram(
    "roster_tool_server_request_duration_seconds",
    "Duration of the question to an MCP server for its tools.",
    ["server", "outcome"],
    buckets=_FAST_S,
    registry=REGISTRY,
)
STREAMS = Gauge("roster_streams", "Open server-sent event streams.", registry=REGISTRY)
BUILD_INFO = Gauge(
    "roster_build_info",
    "Always 1; the labels say what runs.",
    ["version", "python"],
    registry=REGISTRY,
)


def metrics() -> bytes:
    """Give every metric in Prometheus' text format."""
    return generate_latest(REGISTRY)


def set_build_info(version: str) -> None:
    """Publish the version that runs."""
    BUILD_INFO.clear()
    BUILD_INFO.labels(version=version, python=platform.python_version()).set(1)


def set_applications(statuses: Iterable[tuple[str, str]]) -> None:
    """Publish how many applications there are of each (sync, health)."""
    APPLICATIONS.clear()
    for (sync, health), count in Counted(statuses).items():
        APPLICATIONS.labels(sync=sync, health=health).set(count)


def set_objects(statuses: Iterable[tuple[str, str, str]]) -> None:
    """Publish how many objects there are of each (application, sync, health)."""
    OBJECTS.clear()
    for (application, sync, health), count in Counted(statuses).items():
        OBJECTS.labels(application=application, sync=sync, health=health).set(count)


def set_revisions(revisions: Iterable[tuple[str, str]]) -> None:
    """Publish the last applied revision of each application; none where there is none yet."""
    APPLIED_REVISION.clear()
    for application, revision in revisions:
        if revision:
            APPLIED_REVISION.labels(application=application, revision=revision).set(1)


_NOTES: ContextVar[dict[str, Any] | None] = ContextVar("notes", default=None)


def note(**facts: Any) -> None:
    """Add facts to the summary line of the visit that runs in this thread."""
    _NOTES.set({**(_NOTES.get() or {}), **facts})


def noted() -> dict[str, Any]:
    """Give what was noted in this thread since the last call."""
    found = _NOTES.get() or {}
    _NOTES.set(None)
    return found


@contextmanager
def timed(histogram: Histogram, **labels: str) -> Iterator[None]:
    """Observe how long the block took, with the label `outcome` as `success` or `error`."""
    started = perf_counter()
    outcome = "error"
    try:
        yield
        outcome = "success"
    finally:
        histogram.labels(**labels, outcome=outcome).observe(perf_counter() - started)


def configure_logging(
    *,
    level: str = "info",
    form: Literal["auto", "console", "json"] = "auto",
    stream: IO[str] | None = None,
) -> None:
    """Send log lines, also those of libraries, to one stream in one form.

    `auto` means for people on a terminal and JSON elsewhere. Libraries are heard from `warning` on:
    what they say below is about themselves.
    """
    target = stream or sys.stderr
    console = form == "console" or (form == "auto" and target.isatty())
    shared = _processors()
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=list(_rendering(console=console))
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, _number(level)))
    logging.getLogger("controller").setLevel(_number(level))
    # It warns of every try of its own; what comes of a request in the end is told by who sent it.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def redact(text: str) -> str:
    """Take user names and passwords out of the URLs in a text (the lesson of CVE-2023-25163)."""
    return _CREDENTIALS.sub(lambda found: found[1] or found[2], text)


_CREDENTIALS = re.compile(
    r"(\bhttps?://)[^\s/'\"]+@"  # a token may stand in the place of the user's name
    r"|(\b[a-z][a-z0-9+.-]*://)[^\s/:'\"]*:[^\s/'\"]*@",  # but ssh://git@ says nothing secret
    re.IGNORECASE,
)
_SECRET_KEYS = frozenset({"authorization", "password", "secret", "token"})


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _processors() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _rendering(*, console: bool) -> Iterable[structlog.typing.Processor]:
    yield structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if console:
        yield _without_secrets
        yield structlog.dev.ConsoleRenderer(pad_level=False)
    else:
        yield structlog.processors.format_exc_info
        yield _without_secrets
        yield structlog.processors.JSONRenderer(default=str)


def _without_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "********"
        elif isinstance(value, str):
            event[key] = redact(value)
    return event

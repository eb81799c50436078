"""OpenTelemetry traces, where somebody configured them by the standard `OTEL_` variables.

Without an endpoint nothing is imported and a span costs a comparison. The packages are the extra
`otel`; the exporter is OTLP over HTTP.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from controller.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


class _State:
    """The tracer of this process; None while nobody configured one."""

    tracer: "Tracer | None" = None


@contextmanager
def span(name: str, **attributes: str | float | bool) -> Iterator[None]:
    """Trace the block as a span below the one that is open in this thread.

    An error of the block is recorded and goes on.
    """
    if _State.tracer is None:
        yield
        return
    with _State.tracer.start_as_current_span(
        name, attributes={f"roster.{key}": value for key, value in attributes.items()}
    ):
        yield


def configure(version: str, environ: Mapping[str, str] = os.environ) -> "Shutdown":
    """Begin to trace if the environment asks for it; give what ends it and sends the rest.

    Raises:
        UsageError: traces are asked for, and the packages are missing or the protocol is not HTTP.
    """
    if not is_wanted(environ):
        return Shutdown(None)
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), _HTTP)
    if protocol != _HTTP:
        raise UsageError(
            f"Traces are sent by {_HTTP} only, not by {protocol}.",
            remedy=f"Set {_PROTOCOLS[1]}={_HTTP}, and the endpoint to the collector's HTTP port.",
        )
    try:
        provider = tracer_provider("roster", version)
    except ImportError as error:
        raise UsageError(
            f"An OTEL_ variable asks for traces, and {error.name} is not installed.",
            remedy="Install roster[otel], or unset the endpoint.",
        ) from error
    _State.tracer = provider.get_tracer("roster", version)
    return Shutdown(provider)


class Shutdown:
    """Ends tracing."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __call__(self) -> None:
        """Send what is left and trace no more."""
        if self._provider is not None:
            _State.tracer = None
            self._provider.shutdown()


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Say whether the environment asks for traces."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") not in {"", "otlp"}:
        return False
    return any(environ.get(name) for name in _ENDPOINTS)


def tracer_provider(service: str, version: str) -> Any:
    """Give a provider that reads everything else from the environment itself.

    Raises:
        ImportError: the packages are missing.
    """
    # Imported here, because hardly anybody traces and the packages cost a quarter of a second.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=resource(service, version), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def resource(service: str, version: str) -> Any:
    """Give what a process says of itself; OTEL_SERVICE_NAME and others of the kind win over it."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415

    defaults = {"service.name": service, "service.version": version}
    return Resource.create({**defaults, **OTELResourceDetector().detect().attributes})

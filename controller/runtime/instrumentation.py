"""Traces and metrics of an agent by OpenTelemetry, with its conventions for generative AI.

pydantic-ai makes the spans (turn, model requests, tool calls) and the metrics (tokens, durations);
here they get where the `OTEL_` variables say, by OTLP over HTTP. A turn continues the trace that
its request came with, and what it asks of colleagues continues its own. Texts are left out unless
`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is true. Without an endpoint nothing of it is
imported.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from controller import __version__, tracing

_log = logging.getLogger(__name__)

_CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class Instrumentation:
    """What one agent tells of its turns; of nothing, when nobody asked for it."""

    def __init__(self, environment: Mapping[str, str], service: str) -> None:
        self._tracers: Any = None
        self._meters: Any = None
        self.capabilities: Sequence[Any] = ()
        """What the agent loop is given."""
        if _is_possible(environment):
            self._begin(environment, service)

    @contextmanager
    def continued(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Let what happens in the block belong to the trace of a request."""
        if self._tracers is None:
            yield
            return
        from opentelemetry import context, propagate  # noqa: PLC0415

        token = context.attach(propagate.extract(headers))
        try:
            yield
        finally:
            context.detach(token)

    def passed_on(self) -> dict[str, str]:
        """Headers that let another process continue the present trace."""
        carrier: dict[str, str] = {}
        if self._tracers is not None:
            from opentelemetry import propagate  # noqa: PLC0415

            propagate.inject(carrier)
        return carrier

    def close(self) -> None:
        """Send what is left."""
        if self._tracers is not None:
            self._tracers.shutdown()
            self._meters.shutdown()

    def _begin(self, environment: Mapping[str, str], service: str) -> None:
        try:
            self._tracers = tracing.tracer_provider(service, __version__)
            self._meters = _meter_provider(service)
        except ImportError as error:
            _log.warning("telemetry_missing", extra={"package": error.name})
            return
        from pydantic_ai.capabilities import Instrumentation as Capability  # noqa: PLC0415
        from pydantic_ai.models.instrumented import InstrumentationSettings  # noqa: PLC0415

        settings = InstrumentationSettings(
            tracer_provider=self._tracers,
            meter_provider=self._meters,
            include_content=environment.get(_CONTENT, "").lower() == "true",
            include_binary_content=False,
        )
        self.capabilities = (Capability(settings),)


def _is_possible(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for it in a way that can be had; an agent runs on otherwise."""
    if not tracing.is_wanted(environment):
        return False
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), None)
    if protocol not in (None, "http/protobuf"):
        _log.warning("telemetry_protocol_unsupported", extra={"protocol": protocol})
        return False
    return True


def _meter_provider(service: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    return MeterProvider(
        [reader], resource=tracing.resource(service, __version__), shutdown_on_exit=False
    )

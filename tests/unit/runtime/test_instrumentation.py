"""Traces and metrics as a collector gets them, and that nothing of it is loaded without one."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller.runtime.instrumentation import Instrumentation

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


class Collector:
    """Takes what is exported to it."""

    def __init__(self, server: HTTPServer) -> None:
        self.spans: list[Span] = []
        self.metrics: set[str] = set()
        server.expect_request("/v1/traces").respond_with_handler(self._traces)
        server.expect_request("/v1/metrics").respond_with_handler(self._metrics)

    def _traces(self, request: Request) -> Response:
        sent = ExportTraceServiceRequest.FromString(request.get_data())
        for resource in sent.resource_spans:
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return Response(b"", content_type="application/x-protobuf")

    def _metrics(self, request: Request) -> Response:
        sent = ExportMetricsServiceRequest.FromString(request.get_data())
        for resource in sent.resource_metrics:
            self.metrics |= {m.name for scope in resource.scope_metrics for m in scope.metrics}
        return Response(b"", content_type="application/x-protobuf")


@pytest.fixture
def environment(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The SDK reads the process's environment itself."""
    endpoint = httpserver.url_for("").rstrip("/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
    monkeypatch.setenv("NO_PROXY", "*")
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}


@pytest.fixture
def collector(httpserver: HTTPServer) -> Iterator[Collector]:
    yield Collector(httpserver)
    httpserver.check_assertions()


def attributes(span: Span) -> dict[str, Any]:
    return {
        pair.key: getattr(pair.value, str(pair.value.WhichOneof("value")))
        for pair in span.attributes
    }


def test_a_turn_is_told_by_the_conventions(
    start_and_stop: Callable[..., Any], environment: dict[str, str], collector: Collector
) -> None:
    with start_and_stop(environment) as agent:
        agent.send("calculate 6*7", **PARENT)

    turns = [span for span in collector.spans if span.name.startswith("invoke_agent")]
    calls = [span for span in collector.spans if span.name.startswith("chat")]
    tools = [span for span in collector.spans if span.name.startswith("execute_tool")]
    assert turns
    assert calls
    assert {span.trace_id.hex() for span in [*turns, *calls, *tools]} == {TRACE}
    assert attributes(calls[0])["gen_ai.request.model"] == "demo"
    assert attributes(calls[0])["gen_ai.usage.input_tokens"] > 0
    assert [attributes(span)["gen_ai.tool.name"] for span in tools] == ["calculate"]
    assert "6*7" not in str(collector.spans)
    assert any(name.startswith("gen_ai.client.") for name in collector.metrics)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
    ids=["no endpoint", "disabled", "a protocol that is not there"],
)
def test_nothing_is_told_otherwise(environment: dict[str, str]) -> None:
    nothing = Instrumentation(environment, "a")

    with nothing.continued(PARENT):
        assert nothing.passed_on() == {}
    assert nothing.capabilities == ()
    nothing.close()


def test_nothing_is_loaded_without_an_endpoint() -> None:
    code = (
        "import sys; from controller.runtime import application;"
        "from controller.runtime.instrumentation import Instrumentation;"
        "Instrumentation({}, 'a');"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"

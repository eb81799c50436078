"""Traces as a collector gets them: a real OTLP/HTTP receiver on loopback."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from controller import tracing
from controller.errors import UsageError
from controller.reconcile import desired
from controller.render.options import RenderOptions


class Collector:
    def __init__(self, server: HTTPServer) -> None:
        self.endpoint = server.url_for("")
        self.requests: list[ExportTraceServiceRequest] = []
        server.expect_request("/v1/traces", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.requests.append(ExportTraceServiceRequest.FromString(request.get_data()))
        content = ExportTraceServiceResponse().SerializeToString()
        return Response(content, content_type="application/x-protobuf")

    @property
    def spans(self) -> Mapping[str, Span]:
        return {
            span.name: span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def resource(self) -> Mapping[str, str]:
        found = self.requests[0].resource_spans[0].resource.attributes
        return {attribute.key: attribute.value.string_value for attribute in found}


@pytest.fixture
def collector(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    found = Collector(httpserver)
    # The SDK reads the process's environment itself.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.endpoint)
    monkeypatch.setenv("NO_PROXY", "*")
    return found


def test_nested_spans_arrive_with_their_attributes(collector: Collector) -> None:
    end = tracing.configure("1.2.3")
    with tracing.span("reconcile", application="agents"):
        desired.of_files({}, RenderOptions(application="agents", namespace="ns"))
    end()

    spans = collector.spans
    assert set(spans) == {"reconcile", "parse", "render"}
    assert spans["parse"].parent_span_id == spans["reconcile"].span_id
    assert spans["reconcile"].attributes[0].key == "roster.application"
    assert collector.resource()["service.name"] == "roster"
    assert collector.resource()["service.version"] == "1.2.3"


def test_the_standard_variables_name_the_service(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "team-a")
    end = tracing.configure("1.2.3")
    with tracing.span("fetch"):
        pass
    end()

    assert collector.resource()["service.name"] == "team-a"


def test_errors_are_recorded_and_go_on(collector: Collector) -> None:
    end = tracing.configure("1.2.3")
    with pytest.raises(ValueError, match="broken"), tracing.span("diff"):
        raise ValueError("broken")
    end()

    assert collector.spans["diff"].status.code == 2


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"},
    ],
    ids=["no endpoint", "disabled", "no exporter"],
)
def test_nothing_is_traced_unless_asked_for(environ: Mapping[str, str]) -> None:
    end = tracing.configure("1.2.3", environ)
    with tracing.span("reconcile"):
        pass

    assert tracing._State.tracer is None
    end()


def test_another_protocol_is_refused() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}

    with pytest.raises(UsageError, match="http/protobuf only, not by grpc"):
        tracing.configure("1.2.3", environ)


def test_the_sdk_is_not_imported_when_off(tmp_path: Path) -> None:
    program = (
        "import sys; import controller.app.startup; from controller import tracing;"
        "tracing.configure('1', {})();"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

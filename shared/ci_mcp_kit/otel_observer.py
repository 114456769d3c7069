"""An observer that sends spans and metrics to an OpenTelemetry collector. Imported only where telemetry is on.

Names and attributes are those of the semantic conventions for MCP and for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ and https://opentelemetry.io/docs/specs/semconv/http/). Two of
them are left out on purpose: `url.full` and `mcp.resource.uri` name repositories, and more people can read a tracing
system than may read a repository's builds. The `trace_id` of a log record leads from the trace to the repository.
"""

from __future__ import annotations

import os
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ci_mcp_kit import observing
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.network_environment import is_loopback
from ci_mcp_kit.observing import OK
from ci_mcp_kit.product_version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Span

    from ci_mcp_kit.observing import Operation
    from ci_mcp_kit.request_observation import Attempt

SCOPE = "drone-mcp"
# In seconds, as both conventions advise.
OPERATION_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

_incoming = TraceContextTextMapPropagator()


class Telemetry:
    """Sends spans and durations to a collector, in threads of its own.

    Args:
        service: the name of this service, unless OTEL_SERVICE_NAME is set.
        traces: whether to send spans.
        metrics: whether to send durations.
        over_http: whether the process serves many clients; otherwise its life is the session of one client.
    """

    def __init__(self, service: str, *, traces: bool, metrics: bool, over_http: bool) -> None:
        resource = _resource(service)
        # `telemetry.flush` ends both providers in limited time. Their own exit handlers would wait for a collector that
        # is away.
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        if traces:
            self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=_session("TRACES"))))
        readers = [PeriodicExportingMetricReader(OTLPMetricExporter(session=_session("METRICS")))] if metrics else []
        self._metrics = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer(SCOPE, VERSION)
        meter = self._metrics.get_meter(SCOPE, VERSION)
        self._operations = meter.create_histogram(
            "mcp.server.operation.duration",
            "s",
            "How long a message of a client took.",
            explicit_bucket_boundaries_advisory=OPERATION_BUCKETS,
        )
        self._sessions = meter.create_histogram(
            "mcp.server.session.duration",
            "s",
            "How long a client was connected over stdin and stdout.",
            explicit_bucket_boundaries_advisory=OPERATION_BUCKETS,
        )
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "How long a service took to answer.",
            explicit_bucket_boundaries_advisory=REQUEST_BUCKETS,
        )
        self._started = None if over_http else time.perf_counter()

    @contextmanager
    def operation(self, operation: Operation) -> Iterator[None]:
        """Make a span of the handling of a message, and record its duration."""
        facts = _message_attributes(operation)
        number = {} if operation.number is None else {"jsonrpc.request.id": operation.number}
        started = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{operation.method} {operation.target}".strip(),
            context=_incoming.extract(operation.parent) if operation.parent else None,
            kind=SpanKind.SERVER,
            attributes=facts | number,
            record_exception=False,  # its text may hold anything
            set_status_on_exception=False,
        ) as span:
            operation.trace = format_trace_id(span.get_span_context().trace_id)
            try:
                yield
            finally:
                end = _answer_attributes(operation)
                source = {"drone_mcp.state.source": operation.source} if operation.source else {}
                _finish(span, end | source, end.get("error.type"))
                self._operations.record(time.perf_counter() - started, facts | end)

    @contextmanager
    def request(self, attempt: Attempt) -> Iterator[None]:
        """Make a span of a request to a service, and record its duration."""
        facts = _request_attributes(attempt)
        again = {"http.request.resend_count": attempt.number} if attempt.number else {}
        started = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{attempt.method} {attempt.template}",
            kind=SpanKind.CLIENT,
            attributes=facts | again,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            error = ""
            try:
                yield
            except BaseException as raised:
                error = raised.code if isinstance(raised, ServiceError) else type(raised).__name__
                raise
            finally:
                end = _response_attributes(attempt, error)
                _finish(span, end, end.get("error.type"))
                self._requests.record(time.perf_counter() - started, facts | end)

    def refusal(self, status: int) -> None:
        """Do nothing: a refused request is no operation."""

    def feed(self, last_event: float) -> None:
        """Do nothing: the webhook receiver has a metric for it."""

    def shutdown(self) -> None:
        """Send the remaining data and end."""
        if self._started is not None:
            self._sessions.record(time.perf_counter() - self._started, {"network.transport": "pipe"})
        self._traces.shutdown()
        self._metrics.shutdown()


def _session(signal: str) -> requests.Session:
    """Return the connection to the collector of a signal: no proxy leads back to this machine."""
    session = requests.Session()
    names = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    session.trust_env = not is_loopback(next((text for name in names if (text := os.environ.get(name))), ""))
    return session


def _resource(service: str) -> Resource:
    """Describe this process; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence."""
    ours = {
        "service.name": service,
        "service.version": VERSION,
        "service.instance.id": str(uuid.uuid4()),
    }
    # Without a name of the user's it holds "unknown_service", which must not replace ours.
    said = Resource.create().attributes
    named = bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    kept = {key: value for key, value in said.items() if key != "service.name" or named}
    return Resource(ours | kept)


def _message_attributes(operation: Operation) -> dict[str, Any]:
    """Return the attributes of a message that are known before it is answered."""
    attributes = {"mcp.method.name": operation.method, "mcp.protocol.version": operation.protocol}
    if operation.method == "tools/call":
        attributes |= {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": operation.target}
    elif operation.target:
        attributes |= {"gen_ai.prompt.name": operation.target}
    if operation.over_http:
        attributes |= {"network.transport": "tcp", "network.protocol.name": "http"}
    else:
        attributes |= {"network.transport": "pipe"}
    ours = {"drone_mcp.server": operation.server, "drone_mcp.role": operation.role}
    return attributes | {key: value for key, value in ours.items() if value}


def _answer_attributes(operation: Operation) -> dict[str, Any]:
    """Return the attributes of an answer. By the conventions a failed tool call is "tool_error"; its code is ours."""
    if operation.outcome == OK:
        return {}
    if operation.refused is not None:
        code = str(operation.refused)
        return {"error.type": code, "rpc.response.status_code": code}
    failed_tool = operation.method == "tools/call" and operation.outcome != observing.CANCELLED
    return {"error.type": "tool_error" if failed_tool else operation.outcome, "drone_mcp.outcome": operation.outcome}


def _request_attributes(attempt: Attempt) -> dict[str, Any]:
    """Return the attributes of a request: the path's template, never the URL, which names a repository."""
    url = urlsplit(attempt.server)
    return {
        "http.request.method": attempt.method,
        "url.template": attempt.template,
        "server.address": url.hostname or "",
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }


def _response_attributes(attempt: Attempt, error: str) -> dict[str, Any]:
    if attempt.status is None:
        return {"error.type": error} if error else {}
    failed = attempt.status >= 400  # noqa: PLR2004 - HTTP's first code of an error
    kind = str(attempt.status) if failed else error
    return {"http.response.status_code": attempt.status} | ({"error.type": kind} if kind else {})


def _finish(span: Span, facts: dict[str, Any], error: str | None) -> None:
    span.set_attributes(facts)
    if error:
        span.set_status(Status(StatusCode.ERROR))

"""An OTLP collector of the tests' own: takes spans and metrics over HTTP on loopback, and shows them as plain data."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Told:
    """A span or a point of a metric: its name, kind, attributes and resource."""

    name: str
    facts: dict[str, Any]
    resource: dict[str, Any]
    trace: str = ""
    parent: str = ""
    number: str = ""
    kind: int = 0
    failed: bool = False
    message: str = ""
    events: int = 0
    count: int = 0


@dataclass
class Collector:
    """What came so far."""

    url: str = ""
    spans: list[Told] = field(default_factory=list)
    points: list[Told] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """What a process is given to send here, and at once."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "NO_PROXY": "127.0.0.1",
        }

    def span(self, name: str) -> Told:
        """Return the one span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def named(self, name: str) -> list[Told]:
        """Return the points of a metric."""
        return [point for point in self.points if point.name == name]

    def take(self, path: str, body: bytes) -> None:
        """Read what came."""
        self.raw.append(body)
        if path == "/v1/traces":
            self.spans += _spans(body)
        elif path == "/v1/metrics":
            self.points = _points(body)  # sums and histograms are cumulative: the last report tells all


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect for as long as the block takes."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.headers.append(dict(self.headers))
            collector.take(self.path, body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _spans(body: bytes) -> list[Told]:
    return [
        Told(
            span.name,
            _facts(span.attributes),
            _facts(one.resource.attributes),
            trace=span.trace_id.hex(),
            parent=span.parent_span_id.hex(),
            number=span.span_id.hex(),
            kind=span.kind,
            failed=span.status.code == 2,
            message=span.status.message,
            events=len(span.events),
        )
        for one in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in one.scope_spans
        for span in scope.spans
    ]


def _points(body: bytes) -> list[Told]:
    return [
        Told(metric.name, _facts(point.attributes), _facts(one.resource.attributes), count=point.count)
        for one in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in one.scope_metrics
        for metric in scope.metrics
        for point in metric.histogram.data_points
    ]


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}

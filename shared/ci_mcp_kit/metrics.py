"""Metrics for Prometheus, served at an address of their own and never at that of the servers.

Every client that reaches that address may read them. So they hold no repository, no caller, no token, and no label
that a caller could make up.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from ci_mcp_kit.observing import Operation
    from ci_mcp_kit.request_observation import Attempt

PATH = "/metrics"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)  # seconds
NO_ANSWER = "none"
LISTEN = "subscriptions/listen"  # lasts as long as its client is connected, so its duration is not recorded

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in the library; leaves out a line for each metric


class Metrics:
    """An observer that counts, and the ASGI application that Prometheus reads."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # processor time and memory (Linux)
        self._operations = Counter(
            "drone_mcp_operations",
            "Messages of clients by outcome.",
            ["role", "server", "method", "tool", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "drone_mcp_operation_seconds",
            "How long a message of a client took.",
            ["server", "method", "tool"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._under_way = Gauge(
            "drone_mcp_operations_under_way", "Messages of clients not answered yet.", ["server"], registry=registry
        )
        self._reads = Counter(
            "drone_mcp_build_reads", "Builds in answers, by where they were read.", ["source"], registry=registry
        )
        self._requests = Counter(
            "drone_mcp_service_requests",
            "Requests to services by the class of the answer's status.",
            ["service", "path", "status"],
            registry=registry,
        )
        self._answers = Histogram(
            "drone_mcp_service_request_seconds",
            "How long a service took to answer.",
            ["service"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._refusals = Counter(
            "drone_mcp_http_refusals", "Requests that got no further, by status.", ["status"], registry=registry
        )
        self._last_event = Gauge(
            "drone_mcp_feed_last_event_timestamp_seconds",
            "When a delivery last came, as a call of a tool last saw it in the state; 0: never.",
            registry=registry,
        )
        for status in ("401", "429"):  # present from the start, as an alert needs a value to compare with
            self._refusals.labels(status)

    @contextmanager
    def operation(self, operation: Operation) -> Iterator[None]:
        """Count a message of a client and record how long it took."""
        under_way = self._under_way.labels(operation.server)
        under_way.inc()
        started = time.perf_counter()
        try:
            yield
        finally:
            under_way.dec()
            labels = (operation.server, operation.method, operation.target)
            self._operations.labels(operation.role, *labels, operation.outcome).inc()
            if operation.method != LISTEN:
                self._seconds.labels(*labels).observe(time.perf_counter() - started)
            if operation.source:
                self._reads.labels(operation.source).inc()

    @contextmanager
    def request(self, attempt: Attempt) -> Iterator[None]:
        """Count a request to a service and record how long it took."""
        started = time.perf_counter()
        try:
            yield
        finally:
            # By class, as each label value is a time series of its own.
            status = NO_ANSWER if attempt.status is None else f"{attempt.status // 100}xx"
            self._requests.labels(attempt.service, attempt.template, status).inc()
            self._answers.labels(attempt.service).observe(time.perf_counter() - started)

    def refusal(self, status: int) -> None:
        """Count a refused HTTP request."""
        self._refusals.labels(str(status)).inc()

    def feed(self, last_event: float) -> None:
        """Record when the build store last received an event."""
        self._last_event.set(last_event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of Prometheus."""
        if scope["path"] != PATH or scope["method"] != "GET":
            answer = Response(f"metrics are at GET {PATH}\n", 404)
        else:
            answer = Response(generate_latest(self.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
        await answer(scope, receive, send)

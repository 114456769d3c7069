"""The metrics for Prometheus. No label holds text from a request, so that a sender cannot create time series."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in the library; omits the `_created` series


class Metrics:
    """The metrics of one process, in a registry of its own, since a test may run several receivers."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "drone_mcp_webhook_deliveries", "Deliveries by what became of them.", ["outcome"], registry=registry
        )
        self.refusals = Counter(
            "drone_mcp_webhook_refusals", "Refused requests by reason.", ["reason"], registry=registry
        )
        self.acknowledge = Histogram(
            "drone_mcp_webhook_acknowledge_seconds",
            "Time from the whole body to the answer of a good delivery.",
            buckets=BUCKETS,
            registry=registry,
        )
        self.store_errors = Counter("drone_mcp_store_errors", "Times that the store did not answer.", registry=registry)
        self.last_event = Gauge(
            "drone_mcp_feed_last_event_timestamp_seconds", "When a good delivery last came.", registry=registry
        )
        self.feed_alive = Gauge(
            "drone_mcp_feed_alive", "1 while the state can be trusted without asking Drone.", registry=registry
        )
        self.leader = Gauge(
            "drone_mcp_reconciler_leader", "1 while this process compares the state with Drone.", registry=registry
        )
        self.requests = Counter(
            "drone_mcp_reconciler_requests", "Requests to Drone by outcome.", ["outcome"], registry=registry
        )
        self.missed = Counter(
            "drone_mcp_reconciler_missed_changes", "Changes that no delivery had reported.", registry=registry
        )
        self.last_reconciliation = Gauge(
            "drone_mcp_reconciler_last_timestamp_seconds",
            "When a comparison with Drone last ended.",
            registry=registry,
        )
        self.faults = Counter(
            "drone_mcp_background_faults",
            "Failures of a part that works in the background and was started again.",
            ["part"],
            registry=registry,
        )
        self.dropped_builds = Counter(
            "drone_mcp_store_dropped_builds", "Builds that retention has dropped.", registry=registry
        )

        self.previews = Counter(
            "drone_mcp_previews", "Previews to open or to stop, by outcome.", ["change", "outcome"], registry=registry
        )

    def value(self, name: str) -> float:
        """Return the value of one sample by its exported name."""
        return self.registry.get_sample_value(name) or 0.0

    def render(self) -> bytes:
        """Render all metrics in the text exposition format."""
        return generate_latest(self.registry)

"""Counters for Prometheus, in its text format 0.0.4. No label holds anything that a sender wrote."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)  # seconds


class Family(NamedTuple):
    """One metric: what it counts, and the label that splits it, if any."""

    name: str
    kind: str
    help: str
    label: str = ""


DELIVERIES = Family("drone_mcp_webhook_deliveries_total", "counter", "Deliveries by what became of them.", "outcome")
REFUSALS = Family("drone_mcp_webhook_refusals_total", "counter", "Refused requests by reason.", "reason")
ACKNOWLEDGE = Family(
    "drone_mcp_webhook_acknowledge_seconds", "histogram", "Time from the whole body to the answer of a good delivery."
)
STORE_ERRORS = Family("drone_mcp_store_errors_total", "counter", "Times that the store did not answer.")
LAST_EVENT = Family("drone_mcp_feed_last_event_timestamp_seconds", "gauge", "When a good delivery last came.")
FEED_ALIVE = Family("drone_mcp_feed_alive", "gauge", "1 while the state can be believed without asking Drone.")
LEADER = Family("drone_mcp_reconciler_leader", "gauge", "1 while this process compares the state with Drone.")
REQUESTS = Family("drone_mcp_reconciler_requests_total", "counter", "Requests to Drone by outcome.", "outcome")
MISSED = Family("drone_mcp_reconciler_missed_changes_total", "counter", "Changes that no delivery had told.")
LAST_RECONCILIATION = Family(
    "drone_mcp_reconciler_last_timestamp_seconds", "gauge", "When a comparison with Drone last ended."
)
RETAINED = Family("drone_mcp_store_dropped_builds_total", "counter", "Builds that retention has dropped.")

FAMILIES = (
    DELIVERIES, REFUSALS, ACKNOWLEDGE, STORE_ERRORS, LAST_EVENT, FEED_ALIVE, LEADER, REQUESTS, MISSED,
    LAST_RECONCILIATION, RETAINED,
)  # fmt: skip


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._values: dict[str, Counter[str]] = {family.name: Counter() for family in FAMILIES}
        self._buckets = [0] * len(BUCKETS)
        self._seconds = 0.0
        self._observed = 0

    def count(self, family: Family, label: str = "", amount: int = 1) -> None:
        """Add to a counter."""
        self._values[family.name][label] += amount

    def value(self, family: Family, label: str = "") -> float:
        """Read a counter or gauge."""
        return self._values[family.name][label]

    def set(self, family: Family, value: float) -> None:
        """Set a gauge."""
        self._values[family.name][""] = value  # type: ignore[assignment]  # a Counter holds any number

    def observe(self, seconds: float) -> None:
        """Add to the histogram of acknowledgement times."""
        self._seconds += seconds
        self._observed += 1
        for place, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self._buckets[place] += 1

    def render(self) -> str:
        """Write the page that Prometheus reads."""
        lines: list[str] = []
        for family in FAMILIES:
            lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}"]
            lines += self._histogram(family.name) if family.kind == "histogram" else self._samples(family)
        return "\n".join(lines) + "\n"

    def _samples(self, family: Family) -> list[str]:
        values = self._values[family.name]
        if not family.label:
            return [f"{family.name} {values[''] or 0}"]
        return [f'{family.name}{{{family.label}="{label}"}} {value}' for label, value in sorted(values.items())]

    def _histogram(self, name: str) -> list[str]:
        counts = [f'{name}_bucket{{le="{bound}"}} {count}' for bound, count in zip(BUCKETS, self._buckets, strict=True)]
        total = self._observed
        return [*counts, f'{name}_bucket{{le="+Inf"}} {total}', f"{name}_sum {self._seconds}", f"{name}_count {total}"]

"""Grafana's dashboard is made from the operations page, and a real Prometheus answers each of its queries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.openmetrics.exposition import generate_latest

from ci_mcp_kit.metrics import Metrics as ServedMetrics
from ci_mcp_kit.observing import Operation
from ci_mcp_kit.request_observation import Attempt
from drone_mcp_webhooks.metrics import Metrics as ReceiverMetrics
from pages.dashboard import HEIGHT, WIDTH, dashboard, read_panels
from support.monitoring import running_prometheus, send
from support.snapshots import hold

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
FILE = ROOT / "docker" / "grafana" / "dashboard.json"
NOW = 1_790_000_000


def used_receiver() -> CollectorRegistry:
    """Return the metrics of a receiver that has used each of them."""
    metrics = ReceiverMetrics()
    for counter in (metrics.deliveries, metrics.refusals, metrics.requests):
        counter.labels("some").inc()
    metrics.previews.labels("open", "done").inc()
    return metrics.registry


def used_server() -> CollectorRegistry:
    """Return the metrics of a served role that has used each of them."""
    metrics = ServedMetrics()
    for outcome in ("ok", "NOT_FOUND"):
        call = Operation("drone-builds", "tools/call", "drone_list_builds", role="dev", source="store", outcome=outcome)
        with metrics.operation(call):
            pass
    with metrics.request(Attempt("drone", "GET", "/api/user", "http://drone.test", 0)):
        pass
    return metrics.registry


USED = {"receiver": used_receiver, "served": used_server}


def backfill(registry: CollectorRegistry) -> str:
    """Return the samples of the last ten minutes, in the format that Prometheus imports."""
    lines: list[str] = []
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # untyped in the library
    for line in text.decode().splitlines():
        times = range(NOW - 600, NOW + 1, 60) if not line.startswith("#") else ()
        lines += [f"{line} {time}" for time in times] or [line]
    return "\n".join([*lines, ""])


def test_the_dashboard_is_made_from_the_tables_of_the_page() -> None:
    hold(FILE, dashboard(PAGE))


@pytest.mark.parametrize("part", USED)
def test_every_row_of_a_table_is_a_panel(part: str) -> None:
    rows = PAGE.partition(f"<!-- {part}-panels: begin -->")[2].partition(f"<!-- {part}-panels: end -->")[0]
    assert len(read_panels(PAGE, part)) == len(rows.strip().splitlines()) - 2 > 5


def test_panels_are_on_the_grid_without_overlap() -> None:
    panels = json.loads(FILE.read_text(encoding="utf-8"))["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    graphs = [panel["gridPos"] for panel in panels if panel["type"] == "timeseries"]
    assert all(place["x"] % WIDTH == 0 and place["x"] < 24 and place["h"] == HEIGHT for place in graphs)
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.parametrize("part", USED)
def test_prometheus_answers_the_query_of_every_panel_with_its_labels(part: str, tmp_path: Path) -> None:
    with running_prometheus(tmp_path, backfill(USED[part]())) as address:
        for panel in read_panels(PAGE, part):
            answer = send("GET", f"{address}/api/v1/query", params={"query": panel.query, "time": NOW}).json()
            found = answer["data"]["result"]
            assert found, panel.title
            assert {*panel.legend.split()} - {"instance"} <= found[0]["metric"].keys(), panel.title


def test_every_metric_of_a_panel_is_one_of_ours() -> None:
    exported = {family.name for used in USED.values() for family in used().collect()}
    for part in USED:
        for panel in read_panels(PAGE, part):
            for metric in re.findall(r"\b(?:drone_mcp|process)_\w+", panel.query):
                assert re.sub(r"_(total|bucket)$", "", metric) in exported, panel.title

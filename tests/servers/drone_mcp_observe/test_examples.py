"""docs/examples/observe.md has an answer of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from servers.drone_mcp_observe.incident.test_incident import BEGAN, ERRORS, after_deployments
from servers.drone_mcp_observe.system.test_trace_summaries import CHECKOUT, TRACE, otlp
from support.examples import hold_examples
from support.monitoring import fire, running_alertmanager, send, write_logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": "octo/hello"}
CALLS: dict[str, dict[str, Any]] = {
    "drone_get_queue": {},
    "drone_get_trends": {**REPO, "days": 7},
    "drone_list_ci_alerts": {},
    "drone_explain_incident": {**REPO, "target": "production", "since": "1h"},
    "drone_query_metrics": {"query": 'sum by (service) (http_errors{env="production"})'},
    "drone_search_logs": {"query": "app:examples"},
    "drone_get_trace": {"trace_id": TRACE},
    "drone_list_alerts": {"filters": ['service="examples"']},
}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    """An Alertmanager in which no other test lets an alert fire: an incident shows all of them."""
    with running_alertmanager(tmp_path) as address:
        yield address


async def test_the_examples_are_what_the_tools_answer(
    watch: Any, prometheus: str, alertmanager: str, victorialogs: str, jaeger: tuple[str, str]
) -> None:
    query, collector = jaeger
    fire(alertmanager, BEGAN + 240, "5 % of requests fail", alertname="Errors", env="production", service="examples")
    lines = [(BEGAN + 30 * n, f"no price for article {4711 + n}", {"app": "examples"}) for n in range(12)]
    write_logs(victorialogs, lines)
    send("POST", f"{collector}/v1/traces", json={"resourceSpans": otlp(CHECKOUT)})
    services = {
        "PROMETHEUS_SERVER": prometheus,
        "ALERTMANAGER_SERVER": alertmanager,
        "VICTORIALOGS_SERVER": victorialogs,
        "JAEGER_SERVER": query,
        "DRONE_MCP_ERROR_QUERY": ERRORS,
        "DRONE_MCP_LOG_QUERY": "app:examples",
    }
    async with after_deployments(watch, **services) as lookout:
        await lookout.push("main")
        await hold_examples("observe", lookout.client, CALLS)

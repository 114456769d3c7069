"""The metrics of a process that serves over HTTP, as Prometheus reads them."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx
import pytest

from ci_mcp_kit.metrics import Metrics
from support.http_process import HttpProcess, bearer, serving, started
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

SERVER = ("support.example_server", "--http", "127.0.0.1:0")
TOKEN = "a-token-of-the-tests-for-callers"
MADE_UP = "made_up_by_a_caller"


def measured(**environment: str) -> AbstractContextManager[HttpProcess]:
    return serving(*SERVER, DRONE_MCP_HTTP_TOKEN=TOKEN, DRONE_MCP_METRICS_LISTEN="127.0.0.1:0", **environment)


def call(process: HttpProcess, tool: str, **arguments: Any) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    process.send("POST", "/mcp", json.dumps(body), bearer(TOKEN))


def of(tool: str, outcome: str) -> str:
    labels = f'method="tools/call",outcome="{outcome}",role="",server="drone-example",tool="{tool}"'
    return f"drone_mcp_operations_total{{{labels}}}"


async def test_calls_are_counted_by_tool_and_outcome_and_requests_to_drone_by_status() -> None:
    async with running_simulator("demo", socket=True) as drone:

        def work() -> dict[str, float]:
            with measured(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as process:
                call(process, "drone_status", repo="octo/hello", number=1)
                call(process, "drone_status", repo="octo/hello", number=1)
                call(process, "drone_status", repo="octo/hello", number=99_999)
                call(process, "drone_echo", text="hello")
                return process.metrics()

        found: dict[str, float] = await anyio.to_thread.run_sync(work)
    request = 'path="/api/repos/{owner}/{repo}/builds/{number}",service="drone"'
    assert found[of("drone_status", "ok")] == 2
    assert found[of("drone_status", "NOT_FOUND")] == 1
    assert found[of("drone_echo", "ok")] == 1
    assert found[f'drone_mcp_service_requests_total{{{request},status="2xx"}}'] == 2
    assert found[f'drone_mcp_service_requests_total{{{request},status="4xx"}}'] == 1
    assert found['drone_mcp_service_request_seconds_count{service="drone"}'] == 4, "and the check of the token"
    labels = 'method="tools/call",server="drone-example",tool="drone_status"'
    assert found[f"drone_mcp_operation_seconds_count{{{labels}}}"] == 3
    assert found['drone_mcp_operations_under_way{server="drone-example"}'] == 0


def test_a_drone_that_cannot_be_reached_is_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with measured(DRONE_SERVER=url, DRONE_MCP_RETRIES="0") as process:
        call(process, "drone_status", repo="octo/hello", number=1)
        found = process.metrics()
    assert found[of("drone_status", "NETWORK_ERROR")] == 1
    request = 'path="/api/repos/{owner}/{repo}/builds/{number}",service="drone"'
    assert found[f'drone_mcp_service_requests_total{{{request},status="none"}}'] == 1


def test_refused_requests_are_counted_by_status() -> None:
    with measured() as process:
        before = process.metrics()
        process.ask()
        process.ask(**bearer("wrong"))
        process.ask(**bearer(TOKEN), origin="https://evil.example.com")
        after = process.metrics()
    assert before['drone_mcp_http_refusals_total{status="401"}'] == 0
    assert after['drone_mcp_http_refusals_total{status="401"}'] == 2
    assert after['drone_mcp_http_refusals_total{status="403"}'] == 1


def test_nothing_that_a_caller_makes_up_becomes_a_label() -> None:
    with measured() as process:
        call(process, MADE_UP)
        call(process, "drone_repo", repo="private/repository")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": MADE_UP})
        process.send("POST", "/mcp", body, bearer(TOKEN))
        found = process.metrics()
    assert not any(word in name for name in found for word in (MADE_UP, "private", TOKEN))
    assert found[of("_OTHER", "-32602")] == 1


def test_metrics_are_at_their_own_address_and_nothing_else_is_there() -> None:
    with measured() as process, httpx.Client(trust_env=False, timeout=PATIENCE) as http:
        assert process.ask("/metrics", "GET").status_code == 404
        assert process.ask("/metrics", **bearer(TOKEN)).status_code == 404
        base = process.told["metrics"].removesuffix("/metrics")
        assert [http.get(f"{base}{path}").status_code for path in ("/", "/mcp", "/healthz")] == [404, 404, 404]
        assert http.post(f"{base}/mcp", json={}).status_code == 404
        assert http.get(f"{base}/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_without_an_address_for_them_there_are_none() -> None:
    with serving(*SERVER) as process:
        assert process.told.keys() == {"url"}
        assert process.ask("/metrics", "GET").status_code == 404


@pytest.mark.checkout
def test_the_page_on_operations_names_no_number_that_is_not_there() -> None:
    page = Path(__file__).parents[3] / "docs" / "operations.md"
    section = page.read_text(encoding="utf-8").partition("# Running served roles")[2]
    counted = {metric.name: metric.type for metric in Metrics().registry.collect()}
    there = {f"{name}_total" if kind == "counter" else name for name, kind in counted.items()}
    named = set(re.findall(r"\b(?:drone_mcp_|process_)\w+", section)) - {"drone_mcp_config"}
    assert named - {"process_cpu_seconds_total"} == {name for name in there if name.startswith("drone_mcp")}
    assert "process_cpu_seconds_total" in there


def test_a_process_that_tells_metrics_ends_in_order() -> None:
    with measured() as process:
        process.metrics()
        process.process.send_signal(signal.SIGTERM)
        assert process.ending()[0] == 0


@pytest.mark.parametrize("address", ["9090", "127.0.0.1:http"])
def test_an_address_that_is_none_stops_the_start(address: str) -> None:
    with started(*SERVER, DRONE_MCP_METRICS_LISTEN=address) as process:
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        assert "DRONE_MCP_METRICS_LISTEN is" in process.stderr.read()

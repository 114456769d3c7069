"""Traces and metrics of a real process, as a collector receives them."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest

from ci_mcp_kit import telemetry
from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.telemetry import Signals
from support.collector import Collector, collecting
from support.example_server import CRASH_TEXT
from support.http_process import HttpProcess, bearer, serving, started
from support.patience import PATIENCE
from support.raw_server import RawServer
from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

SERVER = ("support.example_server", "--http", "127.0.0.1:0")
TOKEN = "a-token-of-the-tests-for-callers"
KEY = "the-key-of-the-collector"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
SERVER_KIND, CLIENT_KIND = 2, 3


def call(tool: str, meta: dict[str, str] | None = None, **arguments: Any) -> str:
    params = {"name": tool, "arguments": arguments, "_meta": meta or {}}
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})


def send(process: HttpProcess, body: str, **headers: str) -> str:
    answer = process.send("POST", "/mcp", body, {**bearer(TOKEN), **headers})
    assert answer.status_code == 200
    return answer.text


def stop(process: HttpProcess) -> str:
    """End it, which sends what is left; return what it logged."""
    process.process.send_signal(signal.SIGTERM)
    status, said = process.ending()
    assert status == 0
    return said


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def sending(collector: Collector, **environment: str) -> Any:
    return serving(*SERVER, DRONE_MCP_HTTP_TOKEN=TOKEN, **collector.environment(), **environment)


async def asked_over_http(collector: Collector, drone: SimulatorHandle, *bodies: str, **headers: str) -> str:
    """Send calls to a process that asks a simulated Drone; return what it logged."""

    def work() -> str:
        with sending(collector, DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as process:
            for body in bodies:
                send(process, body, **headers)
            return stop(process)

    return await anyio.to_thread.run_sync(work)


async def test_a_call_over_http_is_a_span_of_the_trace_that_its_meta_names(collector: Collector) -> None:
    async with running_simulator("demo", socket=True) as drone:
        await asked_over_http(
            collector, drone, call("drone_status", {"traceparent": PARENT}, number=1, repo="octo/hello")
        )
    span = collector.span("tools/call drone_status")
    assert (span.trace, span.parent, span.kind, span.failed) == (TRACE, SPAN, SERVER_KIND, False)
    assert span.facts == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-03-26",
        "jsonrpc.request.id": "7",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "drone_status",
        "network.transport": "tcp",
        "network.protocol.name": "http",
        "drone_mcp.server": "drone-example",
    }
    assert span.resource["service.name"] == "drone-mcp-example"


async def test_what_drone_is_asked_is_a_span_below_it_that_names_no_repository(collector: Collector) -> None:
    async with running_simulator("demo", socket=True) as drone:
        await asked_over_http(collector, drone, call("drone_status", number=1, repo="octo/hello"))
        port = int(drone.url.rpartition(":")[2])
    span = collector.span("GET /api/repos/{owner}/{repo}/builds/{number}")
    assert span.parent == collector.span("tools/call drone_status").number
    assert span.kind == CLIENT_KIND
    assert span.facts == {
        "http.request.method": "GET",
        "url.template": "/api/repos/{owner}/{repo}/builds/{number}",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.response.status_code": 200,
    }


async def test_drone_is_told_nothing_of_a_trace(collector: Collector) -> None:
    async with RawServer().listening() as drone:

        def work() -> None:
            with sending(collector, DRONE_SERVER=f"http://127.0.0.1:{drone.port}") as process:
                send(process, call("drone_status", {"traceparent": PARENT}, number=1, repo="octo/hello"))
                stop(process)

        await anyio.to_thread.run_sync(work)
    assert len(drone.heads) == 2, "the build, and the user of the token"
    for name in (b"traceparent", b"tracestate", b"baggage"):
        assert not any(name in head.lower() for head in drone.heads)


async def test_each_attempt_is_a_span_and_later_ones_say_so(collector: Collector) -> None:
    async with running_simulator("demo", socket=True) as drone:
        drone.break_with("status", status=503, count=1, route="/api/repos/*/*/builds/*")
        await asked_over_http(collector, drone, call("drone_status", number=1, repo="octo/hello"))
    spans = [span for span in collector.spans if span.name == "GET /api/repos/{owner}/{repo}/builds/{number}"]
    facts = [
        (
            span.facts["http.response.status_code"],
            span.facts.get("error.type"),
            span.facts.get("http.request.resend_count"),
            span.failed,
        )
        for span in spans
    ]
    assert facts == [(503, "503", None, True), (200, None, 1, False)]


async def test_durations_are_counted_by_tool_and_by_what_drone_was_asked(collector: Collector) -> None:
    async with running_simulator("demo", socket=True) as drone:
        good, missing = (call("drone_status", number=number, repo="octo/hello") for number in (1, 99_999))
        await asked_over_http(collector, drone, good, good, missing)
    operations = {
        (point.facts["gen_ai.tool.name"], point.facts.get("error.type"), point.facts.get("drone_mcp.outcome")): point
        for point in collector.named("mcp.server.operation.duration")
    }
    assert {key: point.count for key, point in operations.items()} == {
        ("drone_status", None, None): 2,
        ("drone_status", "tool_error", "NOT_FOUND"): 1,
    }
    statuses = {
        point.facts["http.response.status_code"]: point.count
        for point in collector.named("http.client.request.duration")
        if point.facts["url.template"] != "/api/user"  # the check of the token
    }
    assert statuses == {200: 2, 404: 1}


def test_a_trace_header_of_the_request_counts_where_the_meta_has_none(collector: Collector) -> None:
    with sending(collector) as process:
        send(process, call("drone_echo", text="hello"), traceparent=PARENT)
        send(process, call("drone_log", text="hello"), traceparent="00-nonsense")
        stop(process)
    assert collector.span("tools/call drone_echo").trace == TRACE
    assert collector.span("tools/call drone_log").parent == ""


def test_no_argument_no_answer_and_no_token_is_sent_and_nothing_that_a_caller_makes_up(collector: Collector) -> None:
    with sending(collector, OTEL_EXPORTER_OTLP_HEADERS=f"api-key={KEY}") as process:
        send(process, call("drone_repo", repo="private/repository"))
        send(process, call("drone_echo", text="an-argument"))
        send(process, call("drone_fail", how="crash"))
        send(process, call("made-up-tool"))
        process.send("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "made-up-method"}), bearer(TOKEN))
        said = stop(process)
    sent = b"".join(collector.raw)
    for secret in ("private", "an-argument", CRASH_TEXT, "made-up", TOKEN, "x" * 32, KEY):
        assert secret.encode() not in sent
    assert collector.headers[0]["api-key"] == KEY
    assert KEY not in said
    crash = collector.span("tools/call drone_fail")
    assert (crash.facts["error.type"], crash.facts["drone_mcp.outcome"]) == ("tool_error", "INTERNAL_ERROR")
    assert (crash.failed, crash.message, crash.events) == (True, "", 0)
    unknown = collector.span("tools/call _OTHER")
    assert (unknown.facts["error.type"], unknown.facts["rpc.response.status_code"]) == ("-32602", "-32602")
    assert collector.span("_OTHER").facts["error.type"] == "-32601"


def test_the_log_tells_the_number_of_the_trace(collector: Collector) -> None:
    with sending(collector, DRONE_MCP_LOG_FORMAT="json") as process:
        send(process, call("drone_echo", {"traceparent": PARENT}, text="hello"))
        said = stop(process)
    records = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [record["trace_id"] for record in records if record.get("tool") == "drone_echo"] == [TRACE]


def test_over_stdin_and_stdout_the_last_spans_are_sent_when_the_client_goes(collector: Collector) -> None:
    environment = collector.environment() | {"OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "team=red"}
    with talking(environment) as process:
        assert ask(process, call("drone_echo", {"traceparent": PARENT}, text="hello"))["id"] == 7
        end(process)
    span = collector.span("tools/call drone_echo")
    assert (span.trace, span.facts["network.transport"]) == (TRACE, "pipe")
    assert (span.resource["service.name"], span.resource["team"]) == ("mine", "red")
    assert [point.count for point in collector.named("mcp.server.session.duration")] == [1]


def talking(environment: dict[str, str]) -> Any:
    return started("support.example_server", **environment)


def ask(process: subprocess.Popen[str], body: str) -> dict[str, Any]:
    """Shake hands and send one request; return its answer."""
    assert process.stdin
    assert process.stdout
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about})
    ready = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
    for line in (hello, ready, body):
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    process.stdout.readline()
    return dict(json.loads(process.stdout.readline()))


def end(process: subprocess.Popen[str]) -> str:
    assert process.stdin
    assert process.stderr
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    return process.stderr.read()


@pytest.mark.parametrize("kind", ["nobody listens", "nobody answers", "no address"])
def test_a_collector_that_is_away_harms_nothing(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if kind == "nobody listens":
            silent.close()
        url = "no address" if kind == "no address" else f"http://127.0.0.1:{port}"
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "10", "NO_PROXY": "127.0.0.1"}
        with serving(*SERVER, DRONE_MCP_HTTP_TOKEN=TOKEN, **environment) as process:
            for _ in range(3):
                assert "hello" in send(process, call("drone_echo", text="hello"))
            stop(process)


def test_a_collector_that_is_away_keeps_no_client_waiting_for_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with talking({"OTEL_EXPORTER_OTLP_ENDPOINT": url, "NO_PROXY": "127.0.0.1"}) as client:
            assert "error" not in ask(client, call("drone_echo", text="hello"))
            end(client)


def test_of_a_collector_that_is_away_the_log_tells_now_and_then() -> None:
    now = [1000.0]
    seldom, record = telemetry.Seldom(lambda: now[0]), logging.makeLogRecord({})
    reported = []
    for seconds in (0, 1, 298, 2, 1):
        now[0] += seconds
        reported.append(seldom.filter(record))
    assert reported == [True, False, False, True, False]


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    program = "import sys, ci_mcp_kit.app; print([name for name in sys.modules if 'opentelemetry.sdk' in name])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "signals"),
    [
        ({}, Signals(traces=False, metrics=False)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, Signals(traces=False, metrics=False)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, Signals(traces=True, metrics=True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, Signals(traces=True, metrics=False)),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, Signals(traces=False, metrics=True)),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"},
            Signals(traces=True, metrics=False),
        ),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "TRUE"},
            Signals(traces=False, metrics=False),
        ),
    ],
)
def test_opentelemetrys_own_variables_decide_what_is_sent(environment: dict[str, str], signals: Signals) -> None:
    assert telemetry.wanted(environment) == signals


def test_a_protocol_that_is_not_spoken_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with caplog.at_level(logging.WARNING):
        telemetry.start("service", environment, over_http=True)
    assert "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'" in caplog.text


def test_an_installation_without_the_extra_is_told_what_to_install(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ci_mcp_kit.otel_observer", None)
    with caplog.at_level(logging.WARNING):
        telemetry.start("service", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, over_http=True)
    assert "pip install 'drone-mcp[otel]'" in caplog.text


def test_the_keys_of_a_collector_are_kept_out_of_logs() -> None:
    found = secrets_in(
        {
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=one%20two, other=three",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Bearer%20four",
            "OTEL_SERVICE_NAME": "name=five",
        }
    )
    texts = {secret.reveal() for secret in found}
    assert {"one two", "one%20two", "Bearer four"} <= texts
    assert "five" not in texts

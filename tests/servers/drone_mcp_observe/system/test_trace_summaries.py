"""Traces of a real Jaeger, and of a Tempo by its documented answers."""

from __future__ import annotations

from typing import Any

import pytest
import respx

from ci_mcp_kit.token_count import count_tokens
from servers.drone_mcp_observe.conftest import NOW
from support.monitoring import send

TEMPO = "http://tempo.test"
TRACE = "5b8efff798038103d269b633813fc60c"


def otlp_span(number: int, name: str, start: float, end: float, parent: int = 0, error: str = "") -> dict[str, Any]:
    """Make a span in OTLP's JSON (opentelemetry-proto v1.4.0); times are seconds after the trace began."""
    times = {
        "startTimeUnixNano": str(int((NOW - 60 + start) * 1e9)),
        "endTimeUnixNano": str(int((NOW - 60 + end) * 1e9)),
    }
    status = {"status": {"code": 2, "message": error}} if error else {}
    within = {"parentSpanId": f"{parent:016x}"} if parent else {}
    return {"traceId": TRACE, "spanId": f"{number:016x}", "name": name, "kind": 2, **within, **times, **status}


def otlp(spans: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the spans of each service as OTLP sends them."""
    return [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
            "scopeSpans": [{"scope": {"name": "tests"}, "spans": some}],
        }
        for service, some in spans.items()
    ]


CHECKOUT = {
    "shop": [otlp_span(1, "POST /checkout", 0, 1.0, error="500"), otlp_span(2, "render", 0.0, 0.1, 1)],
    "payment": [otlp_span(3, "charge", 0.1, 0.95, 1, "card service is down"), otlp_span(4, "lookup", 0.1, 0.2, 3)],
}


def assert_checkout(answer: Any) -> None:
    data = answer.data
    assert (data["root"], data["milliseconds"], data["spans"]) == ("shop: POST /checkout", 1_000, 4)
    assert data["services"] == ["payment", "shop"]
    cause, consequence = data["failed"]
    assert (cause["span"], cause["at"], cause["error"]) == ("payment: charge", 100, "card service is down")
    assert consequence["span"] == "shop: POST /checkout"
    path = [(one["span"], one["milliseconds"], one["share"]) for one in data["critical_path"]]
    assert sorted(path) == [
        ("payment: charge", 750, 75),
        ("payment: lookup", 100, 10),
        ("shop: POST /checkout", 50, 5),
        ("shop: render", 100, 10),
    ]


async def test_a_trace_of_jaeger_shows_where_the_failure_began_and_what_took_long(
    watch: Any, jaeger: tuple[str, str]
) -> None:
    query, collector = jaeger
    send("POST", f"{collector}/v1/traces", json={"resourceSpans": otlp(CHECKOUT)})
    async with watch(JAEGER_SERVER=query) as lookout:
        assert_checkout(await lookout.call("drone_get_trace", trace_id=TRACE.upper()))


async def test_a_trace_that_jaeger_does_not_have_is_not_found(watch: Any, jaeger: tuple[str, str]) -> None:
    async with watch(JAEGER_SERVER=jaeger[0]) as lookout:
        answer = await lookout.call("drone_get_trace", trace_id="abc123")
    assert answer.code == "NOT_FOUND"
    assert answer.data["message"] == "Jaeger has no trace abc123: trace not found"


@respx.mock
async def test_a_trace_of_tempo_is_read_alike(watch: Any) -> None:
    respx.route(host="127.0.0.1").pass_through()
    route = respx.get(f"{TEMPO}/api/traces/{TRACE}").respond(json={"batches": otlp(CHECKOUT)})
    async with watch(TEMPO_SERVER=TEMPO) as lookout:
        assert_checkout(await lookout.call("drone_get_trace", trace_id=TRACE))
    assert route.calls.last.request.headers["accept"] == "application/json"


@respx.mock
async def test_a_trace_of_thousands_of_failed_spans_fits_the_budget(watch: Any) -> None:
    respx.route(host="127.0.0.1").pass_through()
    many = [otlp_span(1, "n" * 900, 0, 50)]
    many += [otlp_span(n, "n" * 900, n / 100, n / 100 + 0.01, 1, "e" * 3_000) for n in range(2, 3_000)]
    services = {f"{'s' * 300}-{n}": many[n::40] for n in range(40)}
    respx.get(f"{TEMPO}/api/traces/{TRACE}").respond(json={"batches": otlp(services)})
    async with watch(TEMPO_SERVER=TEMPO) as lookout:
        answer = await lookout.call("drone_get_trace", trace_id=TRACE)
    assert answer.data["spans"] == 2_999
    assert "2990 more failed spans" in answer.data["left_out"]
    assert count_tokens(answer.text) <= 2_000


@pytest.mark.parametrize("trace_id", ["", "../admin", "xyz", "0" * 33])
async def test_what_is_no_id_of_a_trace_is_refused_before_anything_is_asked(watch: Any, trace_id: str) -> None:
    async with watch(TEMPO_SERVER="http://127.0.0.1:1") as lookout:
        answer = await lookout.call("drone_get_trace", trace_id=trace_id)
    assert answer.code == "INVALID_INPUT"
    assert "1 to 32 hexadecimal digits" in answer.data["message"]

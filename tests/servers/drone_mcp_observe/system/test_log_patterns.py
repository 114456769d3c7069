"""Log lines of a real VictoriaLogs, and of a Loki by its documented answers."""

from __future__ import annotations

from typing import Any

import pytest
import respx

from ci_mcp_kit.token_count import count_tokens
from servers.drone_mcp_observe.conftest import NOW
from support.monitoring import write_logs

LOKI = "http://loki.test"


async def test_lines_are_shown_in_order_with_their_times_and_common_labels(watch: Any, victorialogs: str) -> None:
    app = {"app": "small", "level": "error"}
    write_logs(victorialogs, [(NOW - 60, "second: card declined", app), (NOW - 90, "first: cart is empty", app)])
    async with watch(VICTORIALOGS_SERVER=victorialogs) as lookout:
        answer = await lookout.call("drone_search_logs", query="app:small")
    assert answer.data["matches"] == 2
    assert answer.data["common"] == "{app=small, level=error}"
    lines = answer.data["log"].splitlines()[1:-1]
    assert [line.partition("| ")[2] for line in lines] == [
        "09:55:10 first: cart is empty",
        "09:55:40 second: card declined",
    ]
    assert "patterns" not in answer.data


async def test_of_many_lines_patterns_are_counted_and_the_failure_is_among_the_lines_shown(
    watch: Any, victorialogs: str
) -> None:
    app = {"app": "busy"}
    lines = [(NOW - 3_000 + second, f"GET /cart/{second} 200 in {second % 90} ms", app) for second in range(900)]
    lines.append((NOW - 600, "java.lang.IllegalStateException: no price for article 4711", app))
    write_logs(victorialogs, lines)
    async with watch(VICTORIALOGS_SERVER=victorialogs) as lookout:
        answer = await lookout.call("drone_search_logs", query="app:busy")
    assert answer.data["matches"] == 901
    first = answer.data["patterns"][0]
    assert (first["count"], first["line"]) == (900, "GET /cart/0 200 in 0 ms")
    assert "IllegalStateException: no price for article 4711" in answer.data["log"]
    assert "lines, by what tells a failure" in answer.data["left_out"]
    assert count_tokens(answer.text) <= 2_000


async def test_a_secret_in_a_log_line_is_redacted(watch: Any, victorialogs: str) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 4
    write_logs(victorialogs, [(NOW - 60, f"token={secret}", {"app": "leaky"})])
    async with watch(VICTORIALOGS_SERVER=victorialogs) as lookout:
        answer = await lookout.call("drone_search_logs", query="app:leaky")
    assert answer.data["matches"] == 1
    assert secret not in answer.text


async def test_a_wrong_query_is_refused_with_the_words_of_the_service(watch: Any, victorialogs: str) -> None:
    async with watch(VICTORIALOGS_SERVER=victorialogs) as lookout:
        answer = await lookout.call("drone_search_logs", query="app:(((")
    assert answer.code == "INVALID_INPUT"
    assert answer.data["message"].startswith("VictoriaLogs refuses the query: ")


async def test_huge_lines_in_any_number_fit_the_budget(watch: Any, victorialogs: str) -> None:
    lines = [
        (NOW - 60 - i, f"{chr(97 + i % 26) * 40} {'word ' * 400}{i}", {"app": "huge", "k" * 100: "v" * 400})
        for i in range(300)
    ]
    write_logs(victorialogs, lines)
    async with watch(VICTORIALOGS_SERVER=victorialogs) as lookout:
        answer = await lookout.call("drone_search_logs", query="app:huge")
    assert answer.data["matches"] == 300
    assert count_tokens(answer.text) <= 2_000


def loki_answer(*values: tuple[float, str]) -> dict[str, Any]:
    """Make an answer in the form of Loki's documentation (reference/loki-http-api, "Query logs within a range")."""
    stream = {"stream": {"app": "shop"}, "values": [[str(int(at * 1e9)), text] for at, text in values]}
    return {"status": "success", "data": {"resultType": "streams", "result": [stream], "stats": {}}}


@respx.mock
async def test_loki_is_asked_for_the_newest_lines_of_the_time_with_its_token(watch: Any) -> None:
    respx.route(host="127.0.0.1").pass_through()
    answer_of_loki = loki_answer((NOW - 10, "later"), (NOW - 20, "earlier"))
    route = respx.get(f"{LOKI}/loki/api/v1/query_range").respond(json=answer_of_loki)
    async with watch(LOKI_SERVER=LOKI, LOKI_TOKEN="loki-token") as lookout:
        answer = await lookout.call("drone_search_logs", query='{app="shop"}', since="1h", until="1m")
    request = route.calls.last.request
    assert dict(request.url.params) == {
        "query": '{app="shop"}',
        "start": str(int((NOW - 3_600) * 1e9)),
        "end": str(int((NOW - 60) * 1e9)),
        "limit": "1000",
        "direction": "backward",
    }
    assert request.headers["authorization"] == "Bearer loki-token"
    assert [line.split()[-1] for line in answer.data["log"].splitlines()[1:-1]] == ["earlier", "later"]


@pytest.mark.parametrize(
    ("status", "body", "code", "told"),
    [
        (400, "parse error at line 1, col 1: syntax error", "INVALID_INPUT", "Loki refuses the query: parse error"),
        (401, "no org id", "AUTH_FAILED", "Loki does not accept this token"),
        (404, "page not found", "NOT_FOUND", "Loki has no query: page not found"),
        (
            500,
            "rpc error at http://10.0.0.1:9095/x",
            "MONITORING_ERROR",
            "Loki failed with status 500: rpc error at [address]",
        ),
        (200, "<!doctype html>", "MONITORING_ERROR", "a web page where Loki's API has the query"),
        (200, '{"status": "success", "data": {"resultType": "matrix", "result": []}}', "MONITORING_ERROR", "streams"),
        (302, "", "MONITORING_ERROR", "The server redirects"),
        (418, "", "MONITORING_ERROR", "with status 418"),
    ],
)
@respx.mock
async def test_every_refusal_of_loki_becomes_an_error_with_the_reason(
    watch: Any, status: int, body: str, code: str, told: str
) -> None:
    respx.route(host="127.0.0.1").pass_through()
    respx.get(f"{LOKI}/loki/api/v1/query_range").respond(status, text=body)
    async with watch(LOKI_SERVER=LOKI, LOKI_TOKEN="loki-token", DRONE_MCP_RETRIES="0") as lookout:
        answer = await lookout.call("drone_search_logs", query="{}")
    assert answer.code == code
    assert told in answer.data["message"]
    assert "loki-token" not in answer.text


async def test_without_a_service_of_logs_both_variables_are_named(watch: Any) -> None:
    async with watch() as lookout:
        answer = await lookout.call("drone_search_logs", query="x")
    assert answer.data["next_step"] == "Have the operator of this server set LOKI_SERVER or VICTORIALOGS_SERVER"

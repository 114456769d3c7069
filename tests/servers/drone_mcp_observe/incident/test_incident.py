"""The question that people are woken for, with real monitoring services and a simulated Drone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import respx

from ci_mcp_kit.token_count import count_tokens
from servers.drone_mcp_observe.conftest import NOW
from support.monitoring import fire, running_alertmanager, write_logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

WORLD = Path(__file__).parent / "world.yaml"
BEGAN = NOW - 20 * 60  # of the errors in Prometheus
ERRORS = 'sum by (service) (http_errors{env="{target}"})'


@pytest.fixture
def own_alertmanager(tmp_path: Path) -> Iterator[str]:
    """An Alertmanager in which no other test lets an alert fire."""
    with running_alertmanager(tmp_path) as address:
        yield address


@asynccontextmanager
async def after_deployments(watch: Any, **environment: str) -> AsyncIterator[Any]:
    """Open the server after a deployment of build 1 to production, of 2 to staging, and of 3 to production."""
    async with watch(scenario=WORLD, **environment) as lookout:
        for number, target, ago in ((1, "production", 120), (2, "staging", 60), (3, "production", 21)):
            async with lookout.drone.client() as person:
                path = f"/api/repos/octo/hello/builds/{number}/promote"
                (await person.post(path, params={"target": target})).raise_for_status()
            await lookout.drone.advance(70)
            build = max(lookout.drone.world.builds.values(), key=lambda one: one.id)
            build.started = int(NOW) - 60 * ago
        lookout.drone.forget()
        yield lookout


async def test_an_incident_is_traced_to_the_deployment_before_it_with_its_commits(
    watch: Any, prometheus: str, own_alertmanager: str, victorialogs: str
) -> None:
    app = {"app": "incident"}
    fire(own_alertmanager, BEGAN + 240, "5 % of requests fail", alertname="Errors", env="production")
    fire(own_alertmanager, BEGAN + 240, alertname="OfStaging", env="staging")
    lines = [(NOW - 60 * minute, f"payment took {40 + minute} ms", app) for minute in range(100)]
    lines += [(BEGAN + 30 * n, f"no price for article {4711 + n}", app) for n in range(12)]
    write_logs(victorialogs, lines)
    services = {
        "PROMETHEUS_SERVER": prometheus,
        "ALERTMANAGER_SERVER": own_alertmanager,
        "VICTORIALOGS_SERVER": victorialogs,
        "DRONE_MCP_ERROR_QUERY": ERRORS,
        "DRONE_MCP_LOG_QUERY": "app:incident",
    }
    async with after_deployments(watch, **services) as lookout:
        answer = await lookout.call("drone_explain_incident", target="production", repo="octo/hello", since="1h")
        assert len(lookout.drone.asked) == 1  # a page of builds has the deployments and the commits
    data = answer.data
    assert "after deployment 6 (" in data["summary"]
    assert "of 3 new symptoms 3 began after it" in data["summary"]
    new = [(one["kind"], one["what"]) for one in data["symptoms"] if one["new"]]
    assert ("log", "12 x no price for article 4711") in new
    assert ("metric", "{service=shop} rose from 0 to 6") in new
    assert ("alert", "Errors (firing): 5 % of requests fail") in new
    assert [one["what"] for one in data["symptoms"] if not one["new"]] == ["57 x payment took 96 ms"]
    assert all(one["after"].endswith("after 6") for one in data["symptoms"] if one["new"])
    newest, older = data["deployments"]
    assert (newest["number"], newest["source"], newest["by"], newest["new_symptoms"]) == (6, 3, "admin", 3)
    assert [commit.split(" ", 1)[1] for commit in newest["commits"]] == [
        "Round prices (ada)",
        "Compute prices anew (grace)",
    ]
    assert (older["number"], older["new_symptoms"]) == (4, 0)
    assert "note" not in data
    assert "OfStaging" not in answer.text
    assert count_tokens(answer.text) <= 2_000


async def test_without_monitoring_the_deployments_are_told_and_what_is_missing(watch: Any) -> None:
    async with after_deployments(watch) as lookout:
        answer = await lookout.call("drone_explain_incident", target="production", repo="octo/hello")
    assert answer.data["summary"] == "Nothing new goes wrong in this time, as far as these sources say"
    assert [one["number"] for one in answer.data["deployments"]] == [6, 4]
    for variable in ("ALERTMANAGER_SERVER", "PROMETHEUS_SERVER", "LOKI_SERVER"):
        assert f"{variable} is" in answer.data["note"] or f"{variable} nor" in answer.data["note"]


async def test_a_source_without_a_query_is_named_with_the_argument_and_the_variable(watch: Any) -> None:
    services = {"PROMETHEUS_SERVER": "http://127.0.0.1:1", "LOKI_SERVER": "http://127.0.0.1:1"}
    async with after_deployments(watch, **services) as lookout:
        answer = await lookout.call("drone_explain_incident", target="production", repo="octo/hello")
    assert "No error rate: give error_query, or have the operator set DRONE_MCP_ERROR_QUERY" in answer.data["note"]
    assert "No log lines: give log_query, or have the operator set DRONE_MCP_LOG_QUERY" in answer.data["note"]


async def test_a_source_that_fails_is_named_and_the_others_answer(watch: Any, prometheus: str) -> None:
    services = {
        "PROMETHEUS_SERVER": prometheus,
        "ALERTMANAGER_SERVER": "http://127.0.0.1:1",
        "LOKI_SERVER": "http://127.0.0.1:1",
        "DRONE_MCP_RETRIES": "0",
    }
    async with after_deployments(watch, **services) as lookout:
        answer = await lookout.call(
            "drone_explain_incident",
            target="production",
            repo="octo/hello",
            since="1h",
            error_query=ERRORS,
            log_query='{app="shop"}',
        )
    assert [one["what"] for one in answer.data["symptoms"]] == ["{service=shop} rose from 0 to 6"]
    assert "Alertmanager: " in answer.data["note"]
    assert "Loki: " in answer.data["note"]


async def test_the_target_cannot_leave_the_text_in_which_a_query_names_it(watch: Any) -> None:
    with respx.mock(assert_all_called=True) as router:
        router.route(host="127.0.0.1").pass_through()
        route = router.get("http://prometheus.test/api/v1/query_range").respond(
            json={"status": "success", "data": {"resultType": "matrix", "result": []}}
        )
        services = {"PROMETHEUS_SERVER": "http://prometheus.test", "DRONE_MCP_ERROR_QUERY": 'errors{env="{target}"}'}
        async with after_deployments(watch, **services) as lookout:
            await lookout.call("drone_explain_incident", target='x"} or up{a="\\', repo="octo/hello")
    assert route.calls.last.request.url.params["query"] == 'errors{env="x\\"} or up{a=\\"\\\\"}'


async def test_symptoms_of_a_target_that_was_never_deployed_are_told_all_the_same(watch: Any, prometheus: str) -> None:
    services = {"PROMETHEUS_SERVER": prometheus, "DRONE_MCP_ERROR_QUERY": "http_errors"}
    async with after_deployments(watch, **services) as lookout:
        answer = await lookout.call("drone_explain_incident", target="moon", repo="octo/hello", since="1h")
    assert answer.data["deployments"] == []
    assert answer.data["summary"].endswith("; no deployment of this target is known")
    assert "after" not in answer.data["symptoms"][0]


@respx.mock
async def test_whatever_the_services_hold_the_answer_fits_the_budget(watch: Any) -> None:
    respx.route(host="127.0.0.1").pass_through()
    alert = {"startsAt": "2026-11-21T09:40:00Z", "status": {"state": "active"}, "annotations": {"summary": "s" * 9_000}}
    alerts = [{**alert, "labels": {"alertname": f"{'n ' * 900}{number}"}} for number in range(300)]
    rising = [[NOW - 60 * (60 - minute), str(minute**3)] for minute in range(60)]
    series = [{"metric": {"pod": f"{'p' * 900}{number}"}, "values": rising} for number in range(300)]
    lines = [[str(int((NOW - 600) * 1e9)), f"{chr(97 + number % 26) * 30} {'word ' * 900}"] for number in range(300)]
    streams = {"resultType": "streams", "result": [{"stream": {}, "values": lines}]}
    respx.get("http://alerts.test/api/v2/alerts").respond(json=alerts)
    metrics = {"status": "success", "data": {"resultType": "matrix", "result": series}}
    respx.get("http://metrics.test/api/v1/query_range").respond(json=metrics)
    respx.get("http://logs.test/loki/api/v1/query_range").respond(json={"status": "success", "data": streams})
    services = {
        "PROMETHEUS_SERVER": "http://metrics.test",
        "ALERTMANAGER_SERVER": "http://alerts.test",
        "LOKI_SERVER": "http://logs.test",
        "DRONE_MCP_ERROR_QUERY": "errors",
        "DRONE_MCP_LOG_QUERY": "{}",
    }
    async with after_deployments(watch, **services) as lookout:
        for build in lookout.drone.world.builds.values():
            build.message, build.author_login = "A long title of a commit " * 50, "a-long-name-" * 50
            build.trigger = "somebody " * 100
        answer = await lookout.call("drone_explain_incident", target="production", repo="octo/hello", since="1h")
    assert len(answer.data["symptoms"]) == 10
    assert "more symptoms" in answer.data["left_out"]
    assert count_tokens(answer.text) <= 2_000

"""The test report of a build, as an agent gets it from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.token_count import count_tokens
from support.jenkins import jenkins_and_agent


def case(name: str, status: str = "PASSED", **more: Any) -> dict[str, Any]:
    return {"name": name, "class_name": "pkg.Money", "status": status, **more}


def job_with(*reports: list[dict[str, Any]]) -> dict[str, Any]:
    builds = [{"result": "UNSTABLE" if "FAILED" in str(tests) else "SUCCESS", "tests": tests} for tests in reports]
    return {"jobs": {"app": {"builds": builds}}}


async def test_failed_tests_come_first_the_newest_failures_before_old_ones() -> None:
    before = [case("old", "FAILED"), case("new"), case("fine")]
    now = [
        case("fine", duration=0.5),
        case("old", "FAILED", error="expected 3", trace="at Money.java:12"),
        case("off", "SKIPPED", skipped="not yet"),
        case("new", "FAILED", error="boom"),
    ]
    async with jenkins_and_agent(job_with(before, now)) as (_, agent):
        answer = await agent.call("jenkins_get_test_results", job="app")
    data = answer.data
    assert (data["failed"], data["skipped"], data["passed"], data["number"]) == (2, 1, 1, 2)
    assert [(test["name"], test["status"]) for test in data["tests"]] == [
        ("pkg.Money.new", "FAILED"),
        ("pkg.Money.old", "FAILED"),
        ("pkg.Money.off", "SKIPPED"),
        ("pkg.Money.fine", "PASSED"),
    ]
    new, old, off, fine = data["tests"]
    assert (new["failed_since"], new["builds"], new["error"]) == (2, 1, "boom")
    assert (old["failed_since"], old["builds"], old["trace"]) == (1, 2, "at Money.java:12")
    assert off["skipped"] == "not yet"
    assert (fine["seconds"], "failed_since" in fine) == (0.5, False)


async def test_of_a_large_report_a_page_is_shown_and_traces_are_read_for_it_alone() -> None:
    tests = [case(f"test {n}", "FAILED", error="x" * 500, trace="y" * 5000) for n in range(60)]
    tests += [case(f"fine {n}") for n in range(2000)]
    async with jenkins_and_agent(job_with(tests)) as (jenkins, agent):
        first = await agent.call("jenkins_get_test_results", job="app")
        asked = len(jenkins.asked)
        second = await agent.call("jenkins_get_test_results", job="app", start=first.data["next_start"])
        report = max(request.sent for request in jenkins.asked)
    assert count_tokens(to_json(first.data)) <= 2000
    assert first.data["next_step"] == f"Call again with start {first.data['next_start']} for more"
    names = [test["name"] for answer in (first, second) for test in answer.data["tests"]]
    assert names == sorted({f"pkg.Money.test {n}" for n in range(60)})[: len(names)]
    assert asked <= 8
    assert report < 600_000
    assert sum("trace" in test for test in first.data["tests"]) == 5


async def test_a_build_without_a_report_says_so() -> None:
    async with jenkins_and_agent({"jobs": {"app": {"builds": [{}]}}}) as (_, agent):
        answer = await agent.call("jenkins_get_test_results", job="app")
    assert (answer.code, answer.data["message"]) == ("NOT_FOUND", "app #1 has no test report")
    assert "jenkins_diagnose_build" in answer.data["next_step"]

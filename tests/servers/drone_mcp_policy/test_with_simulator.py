"""The whole server, over HTTP, against a Drone whose builds move; in both eras of the protocol."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "world.yaml"
REPORT = "Collect what build 1 of octo/hello says about its failure, report it, and stop"
UNABLE = "You have no tool that restarts build 4 of octo/hello: report that a retry is due, and stop"
ROLE = (
    "drone_get_build,drone_wait_for_build,drone_diagnose_build,drone_restart_build,drone_evaluate_build,"
    "drone_explain_policy,drone_approve_build"
)


@asynccontextmanager
async def simulated(connect: Any, mode: str = "auto", **env: str) -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    async with running_simulator(WORLD, socket=True) as drone:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, **env}
        async with connect(mode, clock=drone.world.now, **settings) as agent:
            drone.forget()
            yield drone, agent


@pytest.mark.parametrize(
    ("repo", "number", "action", "tool"),
    [
        ("octo/hello", 1, "collect_logs_and_stop", "drone_diagnose_build"),
        ("octo/hello", 2, "collect_logs_and_stop", "drone_diagnose_build"),
        ("octo/hello", 3, "continue", None),
        ("octo/hello", 4, "retry", "drone_restart_build"),
        ("octo/hello", 5, "wait", "drone_wait_for_build"),
        ("octo/guarded", 1, "ask_for_approval", "drone_approve_build"),
    ],
)
async def test_each_state_is_decided_with_a_tool_that_the_role_has(
    connect: Any, era: str, repo: str, number: int, action: str, tool: str | None
) -> None:
    async with simulated(connect, era, DRONE_MCP_ROLE_TOOLS=ROLE) as (_, agent):
        decision = await agent.evaluate(repo=repo, number=number)
    assert decision["action"] == action
    call = {"tool": tool, "arguments": {"repo": repo, "number": number}} if tool else None
    assert decision.get("next_call") == call


async def test_a_failure_that_its_retry_did_not_remove_is_not_retried_again(connect: Any, era: str) -> None:
    async with simulated(connect, era, DRONE_MCP_ROLE_TOOLS=ROLE) as (drone, agent):
        decision = await agent.evaluate(repo="octo/hello")
        reported = [(decision["action"], decision.get("retries"))]
        while decision["action"] == "retry":
            async with drone.client() as http:
                restarted = await http.post(f"/api/repos/octo/hello/builds/{decision['number']}")
                assert restarted.json()["parent"] == decision["number"]
            await drone.advance(3600)
            decision = await agent.evaluate(repo="octo/hello")
            reported.append((decision["action"], decision.get("retries")))
    assert reported == [("retry", "0 of 2 used"), ("collect_logs_and_stop", None)]
    assert "no retry by 'retry-infrastructure': it failed at the same place as build 4" in decision["reason"]


def looked(rule: str, then: str, outcome: str, why: str, line: int) -> dict[str, Any]:
    return {"rule": rule, "then": then, "outcome": outcome, "why": why, "line": line}


async def test_right_after_a_failure_the_agent_is_told_how_long_to_wait(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        async with drone.client() as http:
            await http.post("/api/repos/octo/hello/builds?branch=main")
        await drone.advance(20)
        decision = await agent.evaluate(repo="octo/hello")
    assert (decision["action"], decision["number"]) == ("wait", 6)
    assert 0 < decision["wait_seconds"] <= 60
    assert decision["next_step"] == f"Call drone_evaluate_build again in {decision['wait_seconds']} s"
    assert decision["next_call"]["tool"] == "drone_evaluate_build"


async def test_a_build_that_nothing_retries_costs_one_request(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        await agent.evaluate(repo="octo/hello", number=1)
        await agent.evaluate(repo="octo/hello", number=3)
        assert [(asked.method, asked.path) for asked in drone.asked] == [
            ("GET", "/api/repos/octo/hello/builds/1"),
            ("GET", "/api/repos/octo/hello/builds/3"),
        ]


async def test_nothing_but_reads_leaves(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        for number in range(1, 6):
            await agent.call("drone_evaluate_build", repo="octo/hello", number=number)
            await agent.call("drone_explain_policy", repo="octo/hello", number=number)
        assert {asked.method for asked in drone.asked} == {"GET"}


async def test_a_repository_without_builds_is_a_decision(connect: Any) -> None:
    async with simulated(connect, DRONE_MCP_ROLE_TOOLS=ROLE) as (_, agent):
        decision = await agent.evaluate(repo="octo/empty")
        missing = await agent.call("drone_evaluate_build", repo="octo/none")
    assert (decision["action"], decision["status"]) == ("stop", "none")
    assert decision["note"] == "The repository has no builds yet"
    assert "next_call" not in decision
    assert missing.data["code"] == "NOT_FOUND"


async def test_an_inactive_repository_is_reported_as_the_reason_why_it_has_no_builds(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        drone.world.repos["octo/empty"].active = False
        decision = await agent.evaluate(repo="octo/empty")
    assert decision["note"] == (
        "The repository has no builds yet; it is not active in Drone, so a push makes none: have it activated"
    )


async def test_where_the_default_branch_has_no_builds_the_newest_of_any_is_meant(connect: Any, drone: Any) -> None:
    build = {"number": 3, "status": "success", "event": "push", "target": "topic"}
    drone.get("/api/repos/octo/hello/builds/latest").respond(404, json={"message": "sql: no rows in result set"})
    drone.get("/api/repos/octo/hello/builds").respond(json=[build])
    drone.get("/api/repos/octo/hello/builds/3").respond(json=build)
    async with connect() as agent:
        decision = await agent.evaluate(repo="octo/hello")
    assert (decision["number"], decision["action"]) == (3, "continue")
    assert decision["note"].startswith("The default branch has no builds")


async def test_what_a_diagnosis_found_is_taken_into_account(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        before = await agent.evaluate(repo="octo/hello", number=1)
        after = await agent.evaluate(repo="octo/hello", number=1, failure_class="infrastructure")
        unsure = await agent.evaluate(repo="octo/hello", number=1, failure_class="infrastructure", confidence="low")
        refused = await agent.call("drone_evaluate_build", repo="octo/hello", number=1, failure_class="flaky")
    assert (before["action"], before["failure_class"]) == ("collect_logs_and_stop", "test")
    assert (after["action"], after["failure_class"]) == ("retry", "infrastructure")
    assert (unsure["action"], unsure["failure_class"]) == ("collect_logs_and_stop", "infrastructure")
    assert refused.data["code"] == "INVALID_INPUT"


async def test_a_decision_is_explained_rule_by_rule(connect: Any, era: str, tmp_path: Path) -> None:
    rules = tmp_path / "ours.yaml"
    rules.write_text(
        "rules:\n  - {rule: other, then: stop, when: {branch: release/*}}\n"
        "  - {rule: known, then: continue, when: {status: failure}, reason: main is known to be red}\n"
        "  - {rule: never, then: stop}\n",
        encoding="utf-8",
    )
    async with simulated(connect, era, DRONE_MCP_POLICY_RULES=str(rules)) as (_, agent):
        answer = await agent.call("drone_explain_policy", repo="octo/hello", number=1)
        in_force = await agent.read("drone://policy/rules")
    assert answer.data["source"] == in_force["source"] == "ours.yaml"
    assert answer.data["decision"]["reason"] == "main is known to be red"
    assert answer.data["rules"] == [
        {
            "rule": "other",
            "then": "stop",
            "outcome": "did not match",
            "why": "branch is 'main', not release/*",
            "line": 2,
        },
        looked("known", "continue", "decided", "main is known to be red", 3),
        looked("never", "stop", "not reached", "'known' had decided", 4),
    ]
    assert in_force["rules"][0] == {"rule": "other", "when": {"branch": "release/*"}, "then": "stop", "line": 2}
    assert in_force["otherwise"]["held"] == "ask_for_approval"


@pytest.mark.parametrize(
    ("number", "role", "step", "tool"),
    [
        (1, None, REPORT, None),
        (1, "drone_get_build,other", None, "drone_get_build"),
        (1, "other", REPORT, None),
        (4, None, "Restart build 4 of octo/hello once, then evaluate the build that this makes", None),
        (4, "other", UNABLE, None),
    ],
)
async def test_no_tool_is_named_that_the_role_may_not_have(
    connect: Any, number: int, role: str | None, step: str | None, tool: str | None
) -> None:
    env = {"DRONE_MCP_ROLE_TOOLS": role} if role else {}
    async with simulated(connect, **env) as (_, agent):
        decision = await agent.evaluate(repo="octo/hello", number=number)
    assert decision.get("next_call", {}).get("tool") == tool
    assert decision["next_step"] == step or (tool and tool in decision["next_step"])


async def test_a_scope_holds_here_as_everywhere(connect: Any) -> None:
    async with simulated(connect, DRONE_MCP_REPOS="acme/*") as (drone, agent):
        refused = await agent.call("drone_evaluate_build", repo="octo/hello", number=1)
        assert (refused.data["code"], drone.asked) == ("PERMISSION_DENIED", [])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_real_process_serves_both_eras_over_stdio(mode: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with running_simulator(WORLD, socket=True) as drone:
            process = warm_server(
                "drone_mcp_policy",
                {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_MCP_ROLE_TOOLS": ROLE},
            )
            async with Client(process, mode=mode) as client:
                result = await client.call_tool("drone_evaluate_build", {"repo": "octo/hello#1"})
    assert result.structured_content["action"] == "collect_logs_and_stop"


async def test_help_names_the_command_that_tries_rules() -> None:
    done = await anyio.run_process([*warm_python(), "-m", "drone_mcp_policy", "--help"])
    assert "drone-mcp-policy replay EVENTS [--rules FILE] [--against FILE]" in done.stdout.decode()


@pytest.fixture
def mistaken(tmp_path: Path) -> dict[str, str]:
    """An environment that names a rule file with a mistake."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{rule: a, then: go}]\n", encoding="utf-8")
    return {"DRONE_SERVER": "http://127.0.0.1:9", "DRONE_MCP_POLICY_RULES": str(rules)}


async def test_a_rule_file_with_mistakes_is_found_by_the_check_in_one_line(mistaken: dict[str, str]) -> None:
    command = [*warm_python(), "-m", "drone_mcp_policy", "--check-environment"]
    done = await anyio.run_process(command, env=mistaken, check=False)
    rules = mistaken["DRONE_MCP_POLICY_RULES"]
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"drone-mcp-policy: DRONE_MCP_POLICY_RULES is '{rules}': it takes")
    assert done.stderr.count(b"\n") == 1


async def test_instructions_and_calls_say_which_mistake_a_rule_file_has(mistaken: dict[str, str]) -> None:
    process = warm_server("drone_mcp_policy", mistaken)
    async with Client(process) as client:
        instructions = client.instructions or ""
        result = await client.call_tool("drone_evaluate_build", {"repo": "octo/hello"})
    assert mistaken["DRONE_MCP_POLICY_RULES"] in instructions.partition("\n")[0]
    assert result.is_error
    error = json.loads("".join(block.text for block in result.content if block.type == "text").removeprefix("Error: "))
    assert (error["code"], error["details"]) == ("INVALID_INPUT", {"variable": "DRONE_MCP_POLICY_RULES"})
    assert mistaken["DRONE_MCP_POLICY_RULES"] in error["message"]

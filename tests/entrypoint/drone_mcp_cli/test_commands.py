"""The commands as a script runs them: without a terminal, before a simulated Drone."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import offered_tools
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.snapshots import hold
from support.warm import warm_server

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

SNAPSHOTS = Path(__file__).parent / "snapshots"
GIT_CONFIG = '[remote "origin"]\n\turl = git@git.example.com:octo/hello.git\n'

SHOWN = {
    "diagnose": (1, "diagnose octo/hello"),
    "diagnose-green": (0, "diagnose octo/hello 1"),
    "diagnose-no-pipeline": (1, "diagnose octo/hello#2"),
    "logs": (0, "logs octo/hello 4 --stage 1 --step test --tail 5"),
    "builds": (0, "builds octo/hello"),
    "builds-none": (0, "builds octo/hello --branch nowhere"),
    "why": (0, "why octo/hello"),
    "search": (0, "call drone_search_build_logs repo=octo/hello number=4 pattern=FAILED max_matches=1"),
    "compare": (0, "call drone_compare_builds repo=octo/hello a=4 b=3"),
    "build": (0, "call drone_get_build repo=octo/hello number=4"),
    "repos": (0, "call drone_list_repos"),
    "explain": (0, "call drone_explain_policy repo=octo/hello number=4"),
    "tools-of-a-role": (0, "tools --role ui"),
    "arguments-of-a-tool": (0, "tools drone_restart_build"),
}
ERRORS = {
    "no-such-repository": (2, "diagnose octo/nope"),
    "no-such-build": (2, "diagnose octo/hello 99"),
    "no-repository-named": (2, "diagnose"),
    "no-number": (2, "diagnose octo/hello newest"),
    "no-such-tool": (2, "call drone_diagnoze_build"),
    "no-such-argument": (2, "call drone_get_build repo=octo/hello nummer=4"),
    "no-argument": (2, "call drone_get_build octo/hello"),
    "no-such-file": (2, "call drone_get_build repo=@missing"),
    "no-such-role": (2, "builds octo/hello --role nope"),
    "not-in-the-role": (2, "diagnose octo/hello --role ui"),
    "changes-are-off": (77, "restart octo/hello 4"),
}
SETTINGS: dict[str, tuple[int, dict[str, Any]]] = {
    "no-address": (2, {"DRONE_SERVER": ""}),
    "no-network": (69, {"DRONE_SERVER": "http://127.0.0.1:9"}),
    "wrong-token": (77, {"DRONE_TOKEN": "x" * 32}),
    "no-token": (77, {"DRONE_TOKEN": ""}),
    "out-of-scope": (77, {"DRONE_MCP_REPOS": "octo/hello"}),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_plain_output_is_that_of_the_snapshot(desk: Desk, name: str) -> None:
    code, words = SHOWN[name]
    done = desk.run(*words.split())
    assert (done.code, done.err) == (code, "")
    hold(SNAPSHOTS / f"{name}.txt", f"$ drone-mcp {words}\n{done.out}")


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_the_cause_and_the_next_step_on_standard_error(desk: Desk, name: str) -> None:
    code, words = ERRORS[name]
    done = desk.run(*words.split())
    assert (done.code, done.out) == (code, "")
    hold(SNAPSHOTS / f"error-{name}.txt", f"$ drone-mcp {words}\n{done.err}")


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_setting_is_named(desk: Desk, name: str) -> None:
    code, variables = SETTINGS[name]
    done = desk.run("diagnose", "octo/payments", **variables)
    assert (done.code, done.out) == (code, "")
    assert "x" * 32 not in done.err
    hold(SNAPSHOTS / f"error-{name}.txt", f"$ drone-mcp diagnose octo/payments\n{done.err}")


def test_a_token_that_drone_does_not_know_is_said_before_the_answer(desk: Desk) -> None:
    done = desk.run("builds", "octo/hello", DRONE_TOKEN="x" * 32)
    assert done.code == 0
    assert done.out.startswith("Notice: Drone does not know the token in DRONE_TOKEN")


def test_the_repository_is_that_of_the_git_remote_of_the_folder(desk: Desk) -> None:
    (desk.folder / ".git").mkdir()
    (desk.folder / ".git" / "config").write_text(GIT_CONFIG, encoding="utf-8")
    newest, third = desk.run("diagnose"), desk.run("diagnose", "3")
    assert (newest.code, third.code) == (1, 0)
    assert newest.out.startswith("✗ octo/hello #4 failure")
    assert third.out.startswith("✓ octo/hello #3 success")
    # A command to copy names no repository then, as this one did not.
    assert "drone-mcp logs 4 with --stage, --step and --around" in newest.out


async def test_json_is_the_structured_answer_that_an_agent_gets(desk: Desk) -> None:
    arguments = {"repo": "octo/hello", "number": 4}
    async with Client(warm_server("drone_mcp_logs", desk.environment)) as agent:
        by_agent = (await agent.call_tool("drone_diagnose_build", arguments)).structured_content
    by_person = desk.run("diagnose", "octo/hello", "4", "--json").data
    assert by_agent is not None
    assert by_agent["failures"][0].pop("log").split("\n")[1:-1] == by_person["failures"][0].pop("log").split("\n")[1:-1]
    assert by_agent == by_person


def test_why_as_json_has_both_answers(desk: Desk) -> None:
    data = desk.run("why", "octo/hello", "--json").data
    assert data["drone_find_regression"]["verdict"] == "new_here"
    assert data["drone_find_flaky_steps"]["repo"] == "octo/hello"


def test_an_error_as_json_is_where_an_answer_would_be(desk: Desk) -> None:
    done = desk.run("diagnose", "octo/nope", "--json")
    assert (done.code, done.err, done.data["code"]) == (2, "", "NOT_FOUND")


def test_a_reader_that_closes_the_pipe_gets_no_traceback(desk: Desk) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = desk.run("builds", "octo/hello", stdout=theirs)
    os.close(theirs)
    assert (done.code, done.err) == (128 + 13, "")


def test_a_value_is_read_by_the_schema_from_a_word_a_file_or_json(desk: Desk) -> None:
    (desk.folder / "pattern").write_text("TOTAL: 1 FAILED", encoding="utf-8")
    words = ["repo=octo/hello", "number=4", "literal=yes", "context=0", "pattern=@pattern"]
    found = desk.run("call", "drone_search_build_logs", *words, "--json").data
    as_json = json.dumps({"repo": "octo/hello", "number": 4, "literal": True, "context": 0})
    again = desk.run("call", "drone_search_build_logs", as_json, "pattern=TOTAL: 1 FAILED", "--json").data
    assert found["matches"] == again["matches"] == 1
    none = desk.run("call", "drone_search_build_logs", *words[:4], "pattern=@@pattern", "--json").data
    assert none["matches"] == 0


def test_a_role_limits_what_a_command_may_see(desk: Desk) -> None:
    roles = desk.folder / "roles"
    roles.mkdir()
    (roles / "hello.yaml").write_text("role: hello\nextends: dev\nrepos: [octo/hello]\n", encoding="utf-8")
    options = ["--role", "hello", "--roles-dir", str(roles)]
    assert desk.run("builds", "octo/hello", *options).code == 0
    done = desk.run("builds", "octo/payments", *options)
    assert (done.code, "octo/payments" in done.err, "(PERMISSION_DENIED)" in done.err) == (77, True, True)
    # In the container of an agent its role holds for the agent's shell as well.
    assert desk.run("restart", "octo/hello", "4", AGENT_ROLE="dev").code == 2


def test_the_version_is_that_of_the_distribution(desk: Desk) -> None:
    assert desk.run("--version").out == f"drone-mcp {version('drone-mcp')}\n"
    assert desk.run("--version", "builds").out == desk.run("--version").out


def test_a_role_has_the_tools_here_that_its_agent_has(desk: Desk) -> None:
    installed = read_installation()
    for role in ("dev", "jenkins-dev", "jenkins-ops", "ui"):
        reported = desk.run("tools", "--role", role, "--json", JENKINS_URL="https://jenkins.example.com").data
        entries = load_role(role, role_library(None), installed).servers
        for server, tools in reported.items():
            assert tuple(tool["name"] for tool in tools) == tuple(
                name
                for name in installed[server].tool_names
                if name in offered_tools(entries[server], installed[server])
            )

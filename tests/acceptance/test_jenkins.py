"""The whole way of an agent with Jenkins: a role file, the configuration made of it, a real process, and the record.

Jenkins is the simulator over HTTP, in this process and by the machine's clock, so that all that reaches it can be seen.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from ci_mcp_simulator.clock import RealClock
from drone_mcp_config.checking.launching import from_entry
from support.actions_desk import Person
from support.agent import Agent, LogAgent
from support.installed import SERVERS, environment_of, writing_environment_of
from support.jenkins import running_jenkins
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp import StdioServerParameters

    from support.jenkins import JenkinsHandle

WORLD = Path(__file__).parent / "jenkins_world.yaml"
KEY = "a key of the tests that is long enough"
BRANCH, RELEASE, SOAK = "team/app/feature%2Fnew price", "team/release", "team/soak"
ARTIFACT = "dist/release 1.txt"
ROLE = """
role: release
description: Finds out why a branch of one team fails, and makes its releases.
extends: jenkins-ops
servers:
  jenkins:
    mode: on
    scope: [team/**]
    guard:
      jobs: [team/*]
      rate: 5/h
      confirm: high
      audit: AUDIT
      key: JENKINS_MCP_ACTION_KEY
"""


def configured(folder: Path, jenkins: JenkinsHandle) -> StdioServerParameters:
    """Have the configuration of the role written, and read the entry of Jenkins as an MCP client would."""
    (folder / "release.yaml").write_text(ROLE.replace("AUDIT", str(folder / "audit.jsonl")), encoding="utf-8")
    command = [*warm_python(), "-m", "drone_mcp_config", "--role", "release", "--roles-dir", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    entry = json.loads((folder / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["jenkins"]
    others: dict[str, str] = {}
    for name in SERVERS:
        others |= environment_of(name) | writing_environment_of(name)
    variables = {
        **others,
        **jenkins.environment("reader"),
        "JENKINS_WRITE_TOKEN": "writer:a-token-that-writes",
        "JENKINS_MCP_ACTION_KEY": KEY,
    }
    server = from_entry(entry, variables)
    # What a client hands on of its environment without a word in the file.
    server.env = {
        **(server.env or {}),
        "JENKINS_USERNAME": "reader",
        "JENKINS_ARTIFACTS_DIR": str(folder / "artifacts"),
        "DRONE_MCP_STATE": f"sqlite://{folder}/state.db",
        "DRONE_MCP_LOG_LEVEL": "error",
    }
    return server


@asynccontextmanager
async def agent_at_work(folder: Path, mode: Any) -> AsyncIterator[tuple[JenkinsHandle, Client, Person]]:
    """Serve Jenkins, and start its server as the agent's client does."""
    person = Person()
    with anyio.fail_after(PATIENCE):
        async with running_jenkins(WORLD.read_text(encoding="utf-8"), RealClock()) as jenkins:
            server = configured(folder, jenkins)
            async with Client(server, mode=mode, elicitation_callback=person) as client:
                yield jenkins, client, person


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_finds_a_failure_makes_a_release_and_stops_a_build_when_a_person_agrees(
    tmp_path: Path, mode: str
) -> None:
    async with agent_at_work(tmp_path, mode) as (jenkins, client, person):
        agent = Agent(client)
        await find_the_failing_branch(agent, LogAgent(client))
        await make_a_release(agent, jenkins)
        await save_its_artifact(agent, tmp_path / "artifacts")
        await stop_a_build(agent, person)
        elsewhere = await agent.call("jenkins_trigger_build", job="secret")
        assert (elsewhere.code, elsewhere.data["details"]["rule"]) == ("PERMISSION_DENIED", "scope")
        changes = [asked for asked in jenkins.asked if asked.method == "POST"]
        assert [(asked.user, asked.path) for asked in changes] == [
            ("writer", "/job/team/job/release/buildWithParameters"),
            ("writer", "/job/team/job/soak/build"),
            ("writer", "/job/team/job/soak/1/stop"),
        ]
        assert {asked.user for asked in jenkins.asked if asked.method == "GET"} == {"reader"}
        assert not [asked.path for asked in jenkins.asked if "secret" in asked.path]
    assert_the_record_proves_it(tmp_path / "audit.jsonl")


async def find_the_failing_branch(agent: Agent, reader: LogAgent) -> None:
    """Find the branch among all jobs, the stage that failed, and the line that tells why."""
    listed = (await agent.call("jenkins_list_jobs", recursive=True)).data["jobs"]
    assert [job["name"] for job in listed if job.get("last_result") == "FAILURE"] == [BRANCH]
    build = (await agent.call("jenkins_get_build", job=BRANCH)).data
    assert [(stage["name"], stage["status"]) for stage in build["stages"]] == [
        ("Build", "SUCCESS"),
        ("Test", "FAILED"),
    ]
    diagnosed = await reader.call("jenkins_diagnose_build", job=BRANCH)
    (failure,) = diagnosed.data["failures"]
    assert (failure["stage"], failure["kind"], failure["confidence"]) == ("Test", "test", "high")
    assert "3| AssertionError: expected 118.99 to be 119" in failure["log"].splitlines()
    found = await reader.call("jenkins_search_build_log", job=BRANCH, pattern="error", stage="Test", context=0)
    assert [text for _, _, text in found.lines()] == ["AssertionError: expected 118.99 to be 119"]


async def make_a_release(agent: Agent, jenkins: JenkinsHandle) -> None:
    """Trigger the job, after a refusal of wrong parameters, and wait from the queue item to the end of its build."""
    wrong = await agent.call(
        "jenkins_trigger_build", job=RELEASE, parameters={"VERSION": "1.4.0", "ENVIRONMENT": "prod"}
    )
    assert (wrong.code, wrong.data["details"]["accepts"]) == (
        "INVALID_INPUT", {"VERSION": "any text", "ENVIRONMENT": "one of staging, production"},
    )  # fmt: skip
    right = {"VERSION": "1.4.0", "ENVIRONMENT": "production"}
    started = (await agent.call("jenkins_trigger_build", job=RELEASE, parameters=right)).data
    assert (started["outcome"], started["parameters"]) == ("done", right)
    waited = (await agent.call("jenkins_wait_for_build", item=started["item"])).data
    assert (waited["finished"], waited["build"]["number"], waited["build"]["result"]) == (True, 1, "SUCCESS")
    assert jenkins.job(RELEASE).builds[0].parameters == right


async def save_its_artifact(agent: Agent, folder: Path) -> None:
    listed = (await agent.call("jenkins_list_artifacts", job=RELEASE)).data["artifacts"]
    assert listed == [{"path": ARTIFACT, "size": 8}, {"path": "dist/notes.md", "size": 8}]
    saved = (await agent.call("jenkins_get_artifact", job=RELEASE, path=ARTIFACT, form="file")).data
    files = [file async for file in anyio.Path(folder).iterdir()]
    assert {str(file): await file.read_bytes() for file in files} == {saved["saved"]: b"release\n"}
    assert saved["sha256"] == hashlib.sha256(b"release\n").hexdigest()


async def stop_a_build(agent: Agent, person: Person) -> None:
    """Start a build that runs for long, and stop it once a person has agreed."""
    item = (await agent.call("jenkins_trigger_build", job=SOAK)).data["item"]
    running = (await agent.call("jenkins_wait_for_build", item=item, seconds=3)).data
    assert (running["finished"], running["build"]["running"]) == (False, True)
    assert person.asked == []
    stopped = (await agent.call("jenkins_stop_build", job=SOAK, build=1)).data
    assert (stopped["outcome"], stopped["result"]) == ("done", "ABORTED")
    (question,) = person.asked
    assert question.startswith(f"Stop build 1 of {SOAK}")


def assert_the_record_proves_it(audit: Path) -> None:
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["operation"], line["job"]) for line in lines] == [
        ("refused", "trigger", RELEASE),
        ("attempt", "trigger", RELEASE),
        ("outcome", "trigger", RELEASE),
        ("attempt", "trigger", SOAK),
        ("outcome", "trigger", SOAK),
        ("asked", "stop", SOAK),
        ("attempt", "stop", SOAK),
        ("outcome", "stop", SOAK),
        ("refused", "trigger", "secret"),
    ]
    assert lines[6]["confirmation"] == "person: as agreed"
    assert {line["agent"]["role"] for line in lines} == {"release"}
    command = [*warm_python(), "-m", "jenkins_mcp", "audit", "verify", str(audit)]
    verified = subprocess.run(command, env={"JENKINS_MCP_ACTION_KEY": KEY}, check=False, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout

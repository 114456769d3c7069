"""The server as a whole: several Jenkins, the option --config, its start, and what it says of errors."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from mcp import Client
from mcp.client.stdio import stdio_client

from support.agent import Agent
from support.jenkins import agent_of, jenkins_and_agent, running_jenkins
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from pathlib import Path

ONE = {"jobs": {"app": {"builds": [{"result": "FAILURE"}]}}}
OTHER = {"prefix": "/ci", "jobs": {"app": {"builds": [{}, {}]}}}


def config(folder: Path, **urls: str) -> str:
    file = folder / "jenkins.yaml"
    of_each = [
        {"name": name, "url": url, "username": "dev", "apiToken": "a-token-of-the-tests"} for name, url in urls.items()
    ]
    file.write_text(json.dumps({"jenkins": of_each}), encoding="utf-8")
    file.chmod(0o600)
    return str(file)


async def test_of_several_jenkins_each_is_asked_by_its_name(tmp_path: Path) -> None:
    async with (
        running_jenkins(ONE) as one,
        running_jenkins(OTHER) as other,
        agent_of(JENKINS_CONFIG=config(tmp_path, one=one.url, other=other.url)) as agent,
    ):
        first = await agent.call("jenkins_get_build", job="app", jenkins="one")
        second = await agent.call("jenkins_get_build", job="app", jenkins="other")
        unnamed = await agent.call("jenkins_list_jobs")
        unknown = await agent.call("jenkins_list_jobs", jenkins="third")
    assert (first.data["number"], first.data["result"]) == (1, "FAILURE")
    assert (second.data["number"], second.data["page"]) == (2, f"{other.url}/job/app/2/")
    assert (unnamed.code, unknown.code) == ("INVALID_INPUT", "INVALID_INPUT")
    assert "one of one, other" in unnamed.data["next_step"]
    assert {request.status for request in (*one.asked, *other.asked)} == {200}


async def test_a_single_jenkins_has_no_argument_for_its_name(tmp_path: Path) -> None:
    async with running_jenkins(ONE) as jenkins:
        for environment in (jenkins.environment(), {"JENKINS_CONFIG": config(tmp_path, main=jenkins.url)}):
            async with agent_of(**environment) as agent:
                tools = (await agent.client.list_tools()).tools
                answer = await agent.call("jenkins_list_jobs")
            assert [tool.name for tool in tools if "jenkins" in tool.input_schema["properties"]] == []
            assert not answer.failed


async def test_the_tools_of_a_process_take_a_name_from_its_first_answer_on(tmp_path: Path) -> None:
    async with running_jenkins(ONE) as one, running_jenkins(OTHER) as other:
        process = warm_server("jenkins_mcp", {"JENKINS_CONFIG": config(tmp_path, one=one.url, other=other.url)})
        async with Client(stdio_client(process)) as client:
            tools = (await client.list_tools()).tools
            answer = await Agent(client).call("jenkins_get_build", job="app", jenkins="other")
    assert [tool.name for tool in tools if "jenkins" not in tool.input_schema["properties"]] == []
    assert answer.data["number"] == 2


@pytest.mark.parametrize("form", [("--config", "{}"), ("--config={}",)])
async def test_the_option_names_the_file_of_a_process(form: tuple[str, ...], tmp_path: Path) -> None:
    async with running_jenkins(ONE) as jenkins:
        process = warm_server("jenkins_mcp", {})
        process.args += [part.format(config(tmp_path, main=jenkins.url)) for part in form]
        async with Client(stdio_client(process)) as client:
            answer = await Agent(client).call("jenkins_get_build", job="app")
    assert answer.data["result"] == "FAILURE"


def test_a_wrong_file_stops_a_check_of_the_environment_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "jenkins.yaml"
    file.write_text("jenkins:\n  url: https://ci.example.com\n  timeout: soon\n", encoding="utf-8")
    command = [*warm_python(), "-m", "jenkins_mcp", "--config", str(file), "--check-environment"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"drone-mcp-jenkins: JENKINS_CONFIG: {file}:3: jenkins.timeout is 'soon': it takes a duration from 1s to 10m\n"
    )


@pytest.mark.parametrize(
    ("env", "code", "said"),
    [
        ({"JENKINS_API_TOKEN": "wrong"}, "AUTH_FAILED", "does not accept this user name"),
        ({"JENKINS_USERNAME": "", "JENKINS_API_TOKEN": ""}, "AUTH_FAILED", "only to users who are logged in"),
    ],
)
async def test_a_user_whom_jenkins_does_not_know_is_reported(env: dict[str, str], code: str, said: str) -> None:
    async with jenkins_and_agent(ONE, **env) as (_, agent):
        answer = await agent.call("jenkins_list_jobs")
    assert (answer.code, said in answer.data["message"]) == (code, True)


async def test_a_password_is_taken_in_place_of_a_token() -> None:
    scenario = {**ONE, "users": {"me": {"token": "t", "password": "ä pass:word", "may": ["Overall/Administer"]}}}
    async with running_jenkins(scenario) as jenkins:
        user = {"JENKINS_URL": jenkins.url, "JENKINS_USERNAME": "me", "JENKINS_PASSWORD": "ä pass:word"}
        async with agent_of(**user) as agent:
            assert not (await agent.call("jenkins_get_build", job="app")).failed
    assert {request.user for request in jenkins.asked} == {"me"}


async def test_another_server_than_jenkins_is_reported_by_the_code_of_jenkins() -> None:
    async with jenkins_and_agent(ONE) as (jenkins, agent):
        jenkins.break_with("html")
        answer = await agent.call("jenkins_list_jobs")
    assert (answer.code, "JENKINS_URL" in answer.data["next_step"]) == ("JENKINS_ERROR", True)

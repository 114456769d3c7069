"""Builds and logs as documents with addresses."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from support.agent import Agent, numbered
from support.jenkins import agent_of, jenkins_and_agent, running_jenkins

BRANCH = "team/app/feature%2Fnew price"
PATHS = ["team/app/feature%252Fnew%20price", "team%2Fapp%2Ffeature%252Fnew%20price", "team/app/feature/new%20price"]


async def read_text(agent: Agent, uri: str) -> str:
    content: Any = (await agent.client.read_resource(uri)).contents[0]
    assert content.mime_type == "text/plain"
    return str(content.text)


@pytest.mark.parametrize("path", PATHS)
async def test_a_job_is_found_by_any_form_of_its_address(path: str) -> None:
    async with jenkins_and_agent() as (_, agent):
        latest = await agent.read(f"jenkins://{path}/latest")
        summary = await agent.read(f"jenkins://{path}/1/summary")
        named = await agent.read(f"jenkins://{path}/lastFailedBuild/summary")
    assert latest == summary == named
    assert (latest["job"], latest["number"], latest["result"]) == (BRANCH, 1, "FAILURE")


async def test_the_log_of_a_build_is_a_text_with_line_numbers() -> None:
    async with jenkins_and_agent() as (_, agent):
        head, log = (await read_text(agent, "jenkins://library/1/log")).rstrip("\n").split("\n", 1)
    assert head == "library #1. Lines 1 to 6 of 142 bytes."
    assert numbered(log)[3:] == [(4, "|", "+ make test"), (5, "|", "214 passed"), (6, "|", "Finished: SUCCESS")]


async def test_of_a_large_log_the_end_is_shown() -> None:
    log = "\n".join(f"line {number} {'x' * 90}" for number in range(20_000))
    async with jenkins_and_agent({"jobs": {"app": {"builds": [{"log": log}]}}}) as (jenkins, agent):
        text = await read_text(agent, "jenkins://app/lastBuild/log")
        assert sum(request.sent for request in jenkins.asked) < 1_000_000
    assert len(text) < 300_000
    assert "What comes before is left out: jenkins_get_build_log reads it" in text.split("\n", 1)[0]
    assert text.split("\n")[-3].endswith("-1| Finished: SUCCESS")


@pytest.mark.parametrize(
    "uri", ["jenkins://nothing/latest", "jenkins://library/99/log", "jenkins://library/newest/summary"]
)
async def test_what_is_not_there_is_an_error_that_says_so(uri: str) -> None:
    async with jenkins_and_agent() as (_, agent):
        with pytest.raises(MCPError) as caught:
            await agent.client.read_resource(uri)
    assert caught.value.error.data["code"] in {"NOT_FOUND", "INVALID_INPUT"}


async def test_a_job_out_of_scope_has_no_documents() -> None:
    async with jenkins_and_agent(JENKINS_JOBS="team/**") as (_, agent):
        with pytest.raises(MCPError) as caught:
            await agent.client.read_resource("jenkins://library/latest")
    assert caught.value.error.data["code"] == "PERMISSION_DENIED"


async def test_of_several_jenkins_the_address_says_which(tmp_path: Any) -> None:
    async with running_jenkins() as one, running_jenkins({"jobs": {"only": {"builds": [{}]}}}) as other:
        file = tmp_path / "jenkins.yaml"
        entry = "  - {{name: {}, url: {}, username: dev, apiToken: {}}}\n"
        tokens = [(name, each.url, each.world.users["dev"].token) for name, each in (("one", one), ("other", other))]
        file.write_text("jenkins:\n" + "".join(entry.format(*row) for row in tokens), encoding="utf-8")
        file.chmod(0o600)
        async with agent_of(JENKINS_CONFIG=str(file)) as agent:
            assert (await agent.read("jenkins://only/latest?jenkins=other"))["number"] == 1
            with pytest.raises(MCPError, match="Several Jenkins are configured"):
                await agent.client.read_resource("jenkins://only/latest")

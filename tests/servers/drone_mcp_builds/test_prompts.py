from __future__ import annotations

from typing import Any

import pytest
from mcp import MCPError


async def text(agent: Any, **arguments: str) -> str:
    (message,) = (await agent.client.get_prompt("watch_build", arguments)).messages
    assert message.role == "user"
    return str(message.content.text)


async def test_the_prompt_says_which_build_is_to_be_watched_and_how(agent: Any, connect: Any) -> None:
    said = await text(agent, repo="https://drone.example.com/octo/hello", number="41")
    assert said.startswith("Watch build 41 of octo/hello in Drone CI until it ends.")
    assert 'Call drone_wait_for_build with repo "octo/hello" and number 41.' in said
    async with connect(DRONE_REPO="octo/web") as bound:
        assert (await text(bound)).startswith("Watch the newest build of the default branch of octo/web in Drone CI")


@pytest.mark.parametrize(
    "arguments", [{"repo": "octo/hello", "number": "0"}, {"repo": "octo/hello", "number": "x"}, {"repo": "hello"}]
)
async def test_a_prompt_for_what_is_no_build_is_refused(agent: Any, arguments: dict[str, str]) -> None:
    with pytest.raises(MCPError) as caught:
        await text(agent, **arguments)
    assert caught.value.error.data["code"] == "INVALID_INPUT"


async def test_a_prompt_for_a_repository_beyond_the_role_is_refused(connect: Any) -> None:
    async with connect(DRONE_MCP_REPOS="acme/*") as agent:
        with pytest.raises(MCPError) as caught:
            await text(agent, repo="octo/hello")
    assert caught.value.error.data["code"] == "PERMISSION_DENIED"

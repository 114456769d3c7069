from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from support.agent import numbered
from support.simulator import running_simulator

LOG_URI = "drone://repo/octo/hello/build/4/logs/{stage}/{step}"


async def test_the_resource_is_one_steps_log_as_text(connect: Any) -> None:
    async with (
        running_simulator("demo", socket=True) as drone,
        connect(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        drone.forget()
        by_name = await agent.client.read_resource(LOG_URI.format(stage="build", step="lint"))
        by_number = await agent.client.read_resource(LOG_URI.format(stage=1, step=3))
        skipped = await agent.client.read_resource(LOG_URI.format(stage=1, step=5))
        with pytest.raises(MCPError, match="no step 'deploy'"):
            await agent.client.read_resource(LOG_URI.format(stage=1, step="deploy"))
        asked = [request.path for request in drone.asked]
    (content,) = by_name.contents
    head, log = content.text.rstrip("\n").split("\n", 1)
    assert content.mime_type == "text/plain"
    assert head == "octo/hello #4, step 1/3 build/lint: success. Lines 1-2 of 2."
    assert numbered(log) == [(1, "|", "+ yarn lint"), (2, "|", "No lint errors.")]
    assert by_number.contents[0].text.startswith(head)
    assert "It was skipped" in skipped.contents[0].text
    assert asked[:2] == ["/api/repos/octo/hello/builds/4", "/api/repos/octo/hello/builds/4/logs/1/3"]

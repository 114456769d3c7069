from __future__ import annotations

from typing import Any

import anyio
import pytest
from mcp import Client

from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_server


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_real_process_serves_both_eras_over_stdio(mode: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            process = warm_server(
                "drone_mcp_logs",
                {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_REPO": "octo/hello"},
            )
            async with Client(process, mode=mode) as client:
                assert "stack trace" in (client.instructions or "")
                logs = await client.call_tool("drone_get_build_logs", {})
                found = await client.call_tool("drone_search_build_logs", {"pattern": "FAILED$", "context": 0})
    assert "1769| TOTAL: 1 FAILED, 42150 SUCCESS" in logs.content[0].text  # type: ignore[union-attr]  # text is all there is
    assert "injector value has not been set yet FAILED" in found.structured_content["results"][0]["log"]

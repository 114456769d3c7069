"""Each installed server over HTTP, alone in its process, asked by real clients of both eras."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from support.http_process import bearer, serving
from support.installed import PACKAGES, SERVERS, environment_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

TOKEN = "a-token-of-the-tests-for-callers"


@pytest.mark.parametrize("name", SERVERS)
async def test_each_server_serves_clients_of_both_eras_over_http(name: str) -> None:
    environment = environment_of(name)
    with serving(PACKAGES[name], "--http", "127.0.0.1:0", DRONE_MCP_HTTP_TOKEN=TOKEN, **environment) as process:
        assert process.ask().status_code == 401
        assert [process.ask(path, "GET").status_code for path in ("/healthz", "/readyz")] == [200, 200]
        offered: list[Any] = []
        for mode in ("auto", "legacy"):
            async with process.client(mode=mode, **bearer(TOKEN)) as client:
                offered.append([tool.name for tool in (await client.list_tools()).tools])
    assert offered[0] == offered[1] != []

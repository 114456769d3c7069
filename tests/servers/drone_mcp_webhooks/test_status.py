"""The status page of a receiver: for this machine only, with the audit file that it is given."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from ci_mcp_kit.guard import confirmation_tokens
from ci_mcp_kit.guard.audit_file import FileSink
from support.patience import PATIENCE
from support.warm import warm_python
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

SECRET = {"DRONE_MCP_WEBHOOK_SECRET": "known-to-drone-and-the-receiver"}
KEY = "a key of the tests that is long enough"


@pytest.mark.parametrize("address", ["0.0.0.0:0", "drone.example.com:8090"])
def test_it_listens_on_loopback_addresses_only(address: str) -> None:
    command = [*warm_python(), "-m", "drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0", "--status", address]
    done = subprocess.run(command, env=SECRET, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "can be reached from other machines: listen on 127.0.0.1\n" in done.stderr


async def shown(audit: Path, **environment: str) -> str:
    with ReceiverProcess({**SECRET, **environment}, "--status", "127.0.0.1:0", "--audit", str(audit)) as receiver:
        async with receiver.client() as http:
            assert (await http.get("/")).status_code == 404
            return (await http.get(receiver.urls["status"])).raise_for_status().text


async def test_it_shows_a_signed_audit_file_and_checks_it_with_the_key(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    facts = {"time": "2026-11-29T10:00:00.000001Z", "event": "outcome", "outcome": "done", "operation": "stop"}
    sink = FileSink(path, confirmation_tokens.derived(KEY.encode(), "audit"))
    await sink.append({**facts, "repo": "octo/<hello>", "build": 7, "agent": {"role": "ops", "caller": "ada"}})
    intact = await shown(path, DRONE_MCP_ACTION_KEY=KEY)
    assert "Intact: all 1 lines" in intact
    for cell in ("2026-11-29 10:00:00", "ops/ada", "stop octo/&lt;hello&gt;#7", "done"):
        assert f">{cell}<" in intact
    assert KEY not in intact
    assert "NOT INTACT: line 1: it was changed, or written with another key" in await shown(path)


async def test_without_drone_it_says_that_lost_deliveries_stay_lost(tmp_path: Path) -> None:
    text = await shown(tmp_path / "none.jsonl")
    assert "None yet: lost deliveries stay lost." in text
    assert "No agent has acted yet." in text
    with ReceiverProcess(SECRET) as receiver:
        assert set(receiver.urls) == {"url"}
    assert httpx.URL(receiver.url).host == "127.0.0.1"

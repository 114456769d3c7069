"""The alert command: its environment, and the record of a failure."""

from __future__ import annotations

import json
import os
import pwd
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drone_mcp_node_agent.configuration.model import Alerts
from drone_mcp_node_agent.monitoring.alert_command import Alert, run_alert_command

ALERT = Alert(
    node="web-1",
    service="shop",
    component="api",
    kind="flapping",
    previous="running",
    current="exited",
    detail="9 restarts in 8 seconds; $(touch /tmp/x)",
    at=datetime(2026, 11, 29, 12, tzinfo=UTC),
)


def alerts(*command: str, **more: float | str) -> Alerts:
    return Alerts.model_validate({"command": command, **more})


async def test_the_command_gets_the_facts_as_variables_and_nothing_of_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_AGENT_NODE", "hidden")
    written = tmp_path / "message"
    code = f"import json, os, sys; open({str(written)!r}, 'w').write(json.dumps([sys.argv[1:], dict(os.environ)]))"

    assert await run_alert_command(alerts(sys.executable, "-c", code, "$HOME; ls"), ALERT) == ""
    arguments, environment = json.loads(written.read_text())
    assert arguments == ["$HOME; ls"]
    assert {name: value for name, value in environment.items() if name.startswith("MCP_")} == {
        "MCP_NODE": "web-1",
        "MCP_SERVICE": "shop",
        "MCP_COMPONENT": "api",
        "MCP_KIND": "flapping",
        "MCP_FROM": "running",
        "MCP_TO": "exited",
        "MCP_DETAIL": "9 restarts in 8 seconds; $(touch /tmp/x)",
        "MCP_TIME": "2026-11-29T12:00:00+00:00",
    }


async def test_a_command_that_fails_is_reported_with_its_last_words() -> None:
    message = await run_alert_command(alerts("/bin/sh", "-c", "echo no route >&2; exit 3"), ALERT)

    assert message == "The alert command ended with 3: no route"


async def test_a_command_that_is_missing_is_reported() -> None:
    message = await run_alert_command(alerts("/no/such/program"), ALERT)

    assert message == "The alert command /no/such/program cannot be started: No such file or directory"


async def test_a_command_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $$ $! > {pids}; wait"

    message = await run_alert_command(alerts("/bin/sh", "-c", script, timeout=0.5), ALERT)

    assert message == "The alert command was killed after 0.5 seconds"
    for pid in pids.read_text().split():
        status = Path(f"/proc/{pid}/stat")
        assert not status.exists() or status.read_text().split()[2] == "Z"  # noqa: ASYNC240 - a test may block


async def test_much_output_does_not_stop_it() -> None:
    message = await run_alert_command(alerts("/bin/sh", "-c", "head -c 3000000 /dev/zero; exit 1"), ALERT)

    assert message.startswith("The alert command ended with 1: ")
    assert len(message) < 600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as another user")
async def test_it_runs_as_the_configured_user(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # noqa: ASYNC240 - a test may block
    script = f'[ "$(id -u)" = {pwd.getpwnam("nobody").pw_uid} ] && exit 7'

    assert await run_alert_command(alerts("/bin/sh", "-c", script, user="nobody"), ALERT) == (
        "The alert command ended with 7: "
    )
    assert "cannot be started" in await run_alert_command(alerts("/bin/true", user="no-such-user"), ALERT)

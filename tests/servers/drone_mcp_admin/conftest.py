"""An administration server behind a real MCP client, before a simulated Drone with secrets, jobs and templates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_admin.server import create
from drone_mcp_admin.settings import AdminSettings
from support.actions_desk import NOW, Desk, Person
from support.simulator import running_simulator

At = Callable[..., Any]

ADMIN = "admin-token"
TEMPLATE = "kind: pipeline\nsteps:\n- name: test\n  commands: [make test]\n"


@pytest.fixture
def at(tmp_path: Path) -> At:
    """Open the server in mode on for all of octo and the server itself, unless told otherwise."""

    @asynccontextmanager
    async def opened(
        person: Person | None = None, mode: Any = "auto", clock: float = NOW, **environment: str
    ) -> AsyncIterator[Desk]:
        async with running_simulator(Path(__file__).parent / "world.yaml", socket=True) as drone:
            async with drone.client() as root:
                for path, body in (
                    ("repos/octo/hello/secrets", {"name": "NPM_TOKEN", "data": "old-npm-value"}),
                    ("secrets/octo", {"name": "SHARED", "data": "old-shared-value"}),
                    ("repos/octo/hello/cron", {"name": "nightly", "expr": "0 30 1 * * *", "branch": "main"}),
                    ("templates/octo", {"name": "base.yml", "data": TEMPLATE}),
                ):
                    (await root.post(f"/api/{path}", json=body)).raise_for_status()
            drone.world.requests.clear()
            variables = {
                "DRONE_SERVER": drone.url,
                "DRONE_TOKEN": ADMIN,
                "DRONE_WRITE_TOKEN": ADMIN,
                "DRONE_MCP_AUDIT_LOG": str(tmp_path / "audit.jsonl"),
                "DRONE_MCP_ADMIN": "on",
                "DRONE_MCP_ADMIN_SCOPES": "octo/* org:octo server",
                **environment,
            }
            server = create(AdminSettings.from_environment(variables), lambda: clock)
            async with Client(server, mode=mode, elicitation_callback=person) as client:
                yield Desk(client, drone, tmp_path / "audit.jsonl", [clock])

    return opened

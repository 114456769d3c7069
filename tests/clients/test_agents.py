"""Real clients run by `drone-mcp-config agent`, in a project that has no configuration of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.client_turn import Project
from support.model_api.model import Call

if TYPE_CHECKING:
    from pathlib import Path

    from clients.conftest import Drone
    from support.real_clients import RealClient

pytestmark = pytest.mark.client


def test_an_agent_has_every_tool_from_its_first_request(client: RealClient, drone: Drone, tmp_path: Path) -> None:
    project = Project(tmp_path, client, "dev", drone.variables)
    turn = project.turn([Call("drone_diagnose_build", {"repo": "octo/hello"})], agent=True)
    assert turn.first == project.tools, turn.output
    assert "angular1_providers" in turn.results[0]
    assert (turn.status, turn.left) == (0, []), turn.output

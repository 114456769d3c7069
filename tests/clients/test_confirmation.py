"""A tool that takes a person's word, called in a client behind which there is nobody."""

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

HEARD = {  # Claude Code and Codex answer for the person; the others cannot show a form
    "claude": "The person closed the question without an answer",
    "codex": "The person declined",
    "gemini": "Put this question to the person",
    "opencode": "Put this question to the person",
}
STOP = Call("drone_stop_build", {"repo": "octo/payments", "number": 3})
ROLE = """
role: acting
extends: {parent}
servers:
  actions:
    mode: on
    guard: {{repos: [octo/payments]}}
"""


@pytest.mark.parametrize("parent", ["ops", "admin"])
def test_without_a_person_no_build_is_stopped(client: RealClient, drone: Drone, tmp_path: Path, parent: str) -> None:
    (tmp_path / "acting.yaml").write_text(ROLE.format(parent=parent), encoding="utf-8")
    variables = {**drone.variables, "DRONE_WRITE_TOKEN": drone.tokens["admin"]}
    turn = Project(tmp_path, client, "acting", variables, roles=tmp_path).turn([STOP])
    assert "NOT_CONFIRMED" in turn.results[0]
    assert HEARD[client.name] in turn.results[0]
    assert drone.writes() == []
    assert (turn.status, turn.left) == (0, []), turn.output

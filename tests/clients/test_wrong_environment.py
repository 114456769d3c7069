"""Servers that cannot work in the environment that they got, and what the model hears about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.client_turn import Project
from support.model_api.model import Call
from support.real_clients import CLAUDE

if TYPE_CHECKING:
    from pathlib import Path

    from clients.conftest import Drone
    from support.client_turn import Turn
    from support.real_clients import RealClient

pytestmark = pytest.mark.client


def turn_without(variable: str, client: RealClient, drone: Drone, folder: Path) -> Turn:
    kept = {name: value for name, value in drone.variables.items() if name != variable}
    return Project(folder, client, "dev", kept).turn([Call("drone_list_builds", {"repo": "octo/hello"})])


def test_the_model_reads_that_the_address_is_missing(client: RealClient, drone: Drone, tmp_path: Path) -> None:
    turn = turn_without("DRONE_SERVER", client, drone, tmp_path)
    assert "INVALID_INPUT" in turn.results[0]
    assert "DRONE_SERVER" in turn.results[0]
    assert (turn.status, turn.left) == (0, []), turn.output


def test_the_model_reads_that_a_reference_was_not_filled_in(drone: Drone, tmp_path: Path) -> None:
    """Claude Code hands on the reference itself where the variable is not set; the others hand on nothing."""
    turn = turn_without("DRONE_TOKEN", CLAUDE, drone, tmp_path)
    assert "INVALID_INPUT" in turn.results[0]
    assert "DRONE_TOKEN" in turn.results[0]
    assert (turn.status, turn.left) == (0, []), turn.output

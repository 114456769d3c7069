"""`drone-mcp-config agent --role ROLE -- COMMAND...`: what an agent's pod runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agent.environment import equip, need_role
from drone_mcp_config.agent.process import Foreground
from drone_mcp_config.agent.run import Run
from drone_mcp_config.clients import Places
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation import read_installation
from drone_mcp_config.role_loading import library, load_role

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_config.agent.environment import Assignment
    from drone_mcp_config.agent.push import Delivery


def run(
    assignment: Assignment,
    command: list[str],
    *,
    roles_dir: Path | None,
    setup: bool,
    delivery: Delivery | None,
    identity: dict[str, str],
) -> None:
    """Run an agent, and end as it ended.

    Raises:
        UserError: the command was not run.
        typer.Exit: with its exit code.
    """
    if not command:
        raise UserError("Run what? Put the agent's command behind two dashes: drone-mcp-config agent ... -- claude")
    need_role(assignment, os.environ, push=delivery is not None)
    installed = read_installation()
    role = load_role(assignment.role, library(roles_dir), installed)
    equipment = equip(assignment, role, installed, Places.here(), os.environ, push=delivery is not None)
    commands = tuple(role.agent.setup or ()) if setup else ()
    one = Run(equipment, tuple(command), commands, delivery, identity)
    raise typer.Exit(one.to_its_end(Foreground(), installed))

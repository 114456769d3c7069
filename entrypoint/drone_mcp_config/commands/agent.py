"""`drone-mcp-config agent --role ROLE -- COMMAND...`: what an agent's pod runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.agents.foreground import Foreground
from drone_mcp_config.agents.prepared_run import prepare_run, require_role
from drone_mcp_config.agents.run_agent import AgentRun, report
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.delegated_servers import load_delegated
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import narrow_role

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_config.agents.delivery import Delivery
    from drone_mcp_config.agents.prepared_run import Assignment
    from drone_mcp_config.roles.delegated_servers import Delegation


def run(
    assignment: Assignment,
    command: list[str],
    delegation: Delegation,
    *,
    roles_dir: Path | None,
    setup: bool,
    setup_seconds: float,
    delivery: Delivery | None,
    identity: dict[str, str],
) -> None:
    """Run an agent, and exit with its exit code.

    Raises:
        UserError: the command was not run.
        typer.Exit: with its exit code.
    """
    if not command:
        raise UserError("Run what? Put the agent's command behind two dashes: drone-mcp-config agent ... -- claude")
    installed = read_installation()
    require_role(assignment, push=delivery is not None)
    role = load_delegated(assignment.role, delegation, role_library(roles_dir), installed)
    role = narrow_role(role, installed, os.environ)
    prepared = prepare_run(assignment, role, installed, UserFolders.here(), os.environ, push=delivery is not None)
    for reason in role.not_held:
        report(f"Not added: {reason}.")
    commands = tuple(role.agent.setup or ()) if setup else ()
    one = AgentRun(prepared, tuple(command), commands, setup_seconds, delivery, identity)
    raise typer.Exit(one.run(Foreground(), installed))

"""A role's servers made in this process: what each is told, and the server that comes of it.

A server package is imported by the name that the installation gives for it, and only here, where it is to run.
"""

from __future__ import annotations

import importlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.variables import WRITE_SECRETS
from drone_mcp_config.errors import UserError
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.plan.tokens import TOKEN, given_token_files
from drone_mcp_config.secrecy import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.mcpserver import MCPServer

    from drone_mcp_config.installation.manifest import Manifest
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.loading import Role

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HostedServer:
    """One server of a role: its name in role files, and all that it is to read from its environment."""

    name: str
    manifest: Manifest
    environment: dict[str, str]

    def owned_by(self, token: str) -> HostedServer:
        """Return the same as another user of Drone: no token of this process is left in it."""
        variables = self.manifest.token_variables
        ours = {name for variable in variables for name in (variable, f"{variable}_FILE")}
        kept = {name: value for name, value in self.environment.items() if name not in ours}
        return HostedServer(self.name, self.manifest, kept | dict.fromkeys(variables, token))

    def secrets(self) -> set[str]:
        """Return what no log line may hold and stays as it is while the process lives."""
        return {
            value
            for name, value in self.environment.items()
            if value and not name.endswith("_FILE") and (name in WRITE_SECRETS or names_a_secret(name))
        }

    def token_files(self) -> set[Path]:
        """Return the files that hold the rest of it."""
        names = [f"{variable}_FILE" for variable in self.manifest.token_variables]
        return {Path(self.environment[name]) for name in names if self.environment.get(name)}

    def make(self) -> MCPServer[Any]:
        """Make the server.

        Raises:
            UserError: its settings are wrong.
        """
        module = importlib.import_module(f"{self.manifest.module}.server")
        try:
            server: MCPServer[Any] = module.create(module.SPEC.settings.from_environment(self.environment))
        except SettingsError as error:
            raise UserError(f"{self.manifest.server}: {error}") from error
        return server


def role_parts(role: Role, installed: Servers, environment: Mapping[str, str]) -> tuple[HostedServer, ...]:
    """Decide what each server of a role reads, as its client's configuration would.

    Raises:
        UserError: a server does not read what the role needs it to, or the role has none of ours.
    """
    if not role.servers:
        raise UserError(f"The role {role.name!r} has no server of drone-mcp, so there is nothing to serve.")
    plan = make_plan(
        role, installed, PlanContext(sys.executable, token_files=given_token_files(role, installed, environment))
    )
    own = [server for server in plan.servers if isinstance(server, StdioServer) and server.ours]
    return tuple(
        HostedServer(name, installed[name], _filled(server, environment))
        for name, server in zip(role.servers, own, strict=True)
    )


def _filled(server: StdioServer, environment: Mapping[str, str]) -> dict[str, str]:
    """Put values in for references; what is not set is left out, and a server says what it cannot do without."""
    inherited = {name: environment[name] for name in server.inherits if name in environment}
    told: dict[str, str] = {}
    for name, value in server.env.items():
        try:
            told[name] = value.fill(environment)
        except KeyError as error:
            if name == TOKEN:
                logger.warning("%s: %s is not set, so Drone sees a guest", server.name, error.args[0])
    return inherited | told

"""A role's servers, made in this process: the variables that each reads, and the server that is made of them.

A server package is imported by the name that the installation gives for it, and only here, where it is to run.
"""

from __future__ import annotations

import importlib
import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.variables import Secret, SettingsError
from drone_mcp_config.errors import UserError
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.plan.token_variables import given_token_files
from drone_mcp_config.secret_recognition import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.mcpserver import MCPServer

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import Manifest
    from drone_mcp_config.roles.loading import Role

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HostedServer:
    """One server of a role.

    Attributes:
        name: its name in role files.
        environment: all that it reads from its environment.
        process_secrets: the secrets of this process, which libraries read whatever `environment` holds (proxies, say).
    """

    name: str
    manifest: Manifest
    environment: dict[str, str]
    process_secrets: tuple[Secret, ...] = ()

    def owned_by(self, tokens: Mapping[str, str]) -> HostedServer:
        """Return the same server for a caller with tokens of their own; no token of this process is left in it.

        Args:
            tokens: token variable of a service -> the caller's token. A guard writes with that for the first service.
        """
        services = [service.token for service in self.manifest.needed_services]
        ours = {name for variable in self.manifest.token_variables for name in (variable, f"{variable}_FILE")}
        kept = {name: value for name, value in self.environment.items() if name not in ours}
        own = {variable: tokens[variable] for variable in services}
        if self.manifest.guard and services:
            own[self.manifest.guard.token] = tokens[services[0]]
        return replace(self, environment=kept | own)

    def secrets(self) -> set[str]:
        """Return the secrets in its environment, which stay the same while the process lives."""
        guarded = self.manifest.guard_secrets
        return {
            value
            for name, value in self.environment.items()
            if value and not name.endswith("_FILE") and (name in guarded or names_a_secret(name))
        }

    def token_files(self) -> set[Path]:
        """Return the files that hold its other secrets."""
        names = [f"{variable}_FILE" for variable in self.manifest.token_variables]
        return {Path(self.environment[name]) for name in names if self.environment.get(name)}

    def check_settings(self, *, own_tokens: bool) -> None:
        """Check the settings before the first call; `own_tokens` says whether callers send theirs.

        Raises:
            SettingsError: they are wrong.
        """
        # Any text will do: callers send the real ones later.
        tokens = dict.fromkeys(self.manifest.token_variables, "sent-by-each-caller")
        server = self.owned_by(tokens) if own_tokens else self
        self._module().SPEC.settings.from_environment(server.environment)

    def make(self) -> MCPServer[Any]:
        """Make the server.

        Raises:
            UserError: its settings are wrong.
        """
        module = self._module()
        try:
            settings = module.SPEC.settings.from_environment(self.environment)
            known = (*settings.environment_secrets, *self.process_secrets)
            server: MCPServer[Any] = module.create(replace(settings, environment_secrets=known))
        except SettingsError as error:
            raise UserError(f"{self.manifest.server}: {error}") from error
        return server

    def _module(self) -> Any:
        return importlib.import_module(f"{self.manifest.module}.server")


def hosted_servers(role: Role, installed: Servers, environment: Mapping[str, str]) -> tuple[HostedServer, ...]:
    """Make the environment of each server of a role, as a client's configuration would.

    Raises:
        UserError: a server does not read what the role needs it to, or the role has none of ours.
    """
    if not role.servers:
        raise UserError(f"The role {role.name!r} has no server of drone-mcp, so there is nothing to serve.")
    files = given_token_files(role, installed, environment)
    plan = make_plan(role, installed, PlanContext(sys.executable, token_files=files))
    own = [server for server in plan.servers if isinstance(server, StdioServer) and server.ours]
    secrets = secrets_in(environment)
    return tuple(
        HostedServer(name, installed[name], _filled_in(server, installed[name], environment), secrets)
        # `make_plan` keeps the order of the role's servers.
        for name, server in zip(role.servers, own, strict=True)
    )


def _filled_in(server: StdioServer, manifest: Manifest, environment: Mapping[str, str]) -> dict[str, str]:
    """Fill in references; a variable that is not set is left out, and the server reports it if it needs it."""
    inherited = {name: environment[name] for name in server.inherits if name in environment}
    filled: dict[str, str] = {}
    for name, value in server.env.items():
        try:
            filled[name] = value.fill(environment)
        except KeyError as error:
            for service in manifest.services:
                if name == service.token:
                    missing = error.args[0]
                    logger.warning("%s: %s is not set, so %s sees a guest", server.name, missing, service.name)
    return inherited | filled

"""The tools that can be called: those of all installed servers, or those of a role.

A server is imported when a tool of it is called, and runs in this process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ci_mcp_kit.suggesting import suggest
from ci_mcp_kit.variables import TOOLS, read_list
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role, narrow_role
from drone_mcp_config.serving.servers import HostedServer, hosted_servers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.installation.server_manifest import Manifest, ManifestTool

LOG_LEVEL = "DRONE_MCP_LOG_LEVEL"


@dataclass(frozen=True)
class Toolbox:
    """The tools that can be called.

    Attributes:
        tools: server -> its tools that can be called.
        hosted: server -> how it is made.
        role: whose tools they are; None: those of the installation.
    """

    tools: Mapping[str, tuple[ManifestTool, ...]]
    hosted: Mapping[str, HostedServer]
    role: str | None = None

    def names(self) -> list[str]:
        """Return the names of all tools."""
        return [tool.name for tools in self.tools.values() for tool in tools]

    def server_of(self, tool: str) -> HostedServer:
        """Return the server that has a tool.

        Raises:
            UserError: none has it.
        """
        name = next((name for name, tools in self.tools.items() for one in tools if one.name == tool), None)
        if name is not None:
            return self.hosted[name]
        if self.role is None:
            raise UserError(f"No installed server has a tool {tool!r}. {suggest(tool, self.names(), 'There are')}")
        raise UserError(
            f"The role {self.role!r} has no tool {tool!r}. `drone-mcp tools --role {self.role}` lists those it has."
        )


def open_toolbox(role: str | None, roles_dir: Path | None) -> Toolbox:
    """Return the tools of a role, or those of all installed servers where `role` is None.

    Raises:
        UserError: there is no such role, or no server.
    """
    installed, environment = read_installation(), dict(os.environ)
    if role is None:
        return Toolbox(
            {name: manifest.tools for name, manifest in installed.items()},
            {name: HostedServer(name, one, for_person(environment, one)) for name, one in installed.items()},
        )
    loaded = narrow_role(load_role(role, role_library(roles_dir), installed), installed, environment)
    hosted = hosted_servers(loaded, installed, environment)
    tools: dict[str, tuple[ManifestTool, ...]] = {}
    for server in hosted:
        # The server itself will offer those that its environment lists, or all where that lists none.
        allowed = read_list(server.environment.get(TOOLS.name, ""))
        tools[server.name] = tuple(tool for tool in server.manifest.tools if not allowed or tool.name in allowed)
    return Toolbox(
        tools,
        {one.name: replace(one, environment=for_person(one.environment, one.manifest)) for one in hosted},
        role,
    )


def for_person(environment: Mapping[str, str], manifest: Manifest) -> dict[str, str]:
    """Return the environment of a server whose caller is a person at a terminal.

    Every change is confirmed, whatever the risk from which on an agent's changes are: the person is there to ask. The
    audit log has a file by default, as standard error is the person's screen.
    """
    made = dict(environment)
    if manifest.guard:
        keys = manifest.guard.keys
        if "confirm" in keys:
            made[keys["confirm"].variable] = "low"
        if "audit" in keys and not made.get(keys["audit"].variable):
            made[keys["audit"].variable] = str(audit_file(environment))
    return made


def audit_file(environment: Mapping[str, str]) -> Path:
    """Return the default place of the audit log (XDG Base Directory Specification, `XDG_STATE_HOME`)."""
    state = environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return folder / "drone-mcp" / "audit.jsonl"

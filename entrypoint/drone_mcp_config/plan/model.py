"""What a client starts or reaches for a role, before any client's format comes into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drone_mcp_config.template import Template

CALLER_TOKEN = "DRONE_MCP_HTTP_TOKEN"  # noqa: S105 - the name of a variable

DRONE_TOKEN_HEADER = "Drone-Token"  # noqa: S105 - the name of a header

START_SECONDS = 30  # what Claude Code and Codex grant a server to start; OpenCode's own 5 are short for a cold machine

CALL_SECONDS = 600  # a tool call that waits for a build takes minutes


@dataclass(frozen=True)
class StdioServer:
    """A server that the client starts.

    Attributes:
        env: what is set for it.
        inherits: variables that it reads where they are set, for clients that hand on nothing by themselves.
        preload: whether the model is to see its tools from the start.
        ours: whether it is one of drone-mcp's.
    """

    name: str
    command: Template
    args: tuple[Template, ...]
    env: dict[str, Template]
    inherits: tuple[str, ...] = ()
    description: str = ""
    preload: bool = False
    ours: bool = False


@dataclass(frozen=True)
class RemoteServer:
    """A server that runs elsewhere, reached over streamable HTTP."""

    name: str
    url: Template
    headers: dict[str, Template]
    preload: bool = False
    ours: bool = False


PlannedServer = StdioServer | RemoteServer


@dataclass(frozen=True)
class RolePlan:
    """The servers of a role, in the role's order: drone-mcp's first."""

    role: str
    servers: tuple[PlannedServer, ...]

"""The servers that a client starts or connects to for a role, in no client's format yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drone_mcp_config.variable_references import Template

# The variable with the token that a caller of a served role sends.
CALLER_TOKEN = "DRONE_MCP_HTTP_TOKEN"  # noqa: S105 - the name of a variable

START_SECONDS = 30  # what Claude Code and Codex grant a server to start; OpenCode's own 5 are short for a cold machine
CALL_SECONDS = 600  # the limit of one tool call: one that waits for a build takes minutes


@dataclass(frozen=True)
class StdioServer:
    """A server that the client starts.

    Attributes:
        env: the variables that are set for it.
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

    @property
    def templates(self) -> tuple[Template, ...]:
        """Every text that may refer to variables."""
        return (self.command, *self.args, *self.env.values())


@dataclass(frozen=True)
class RemoteServer:
    """A server that runs elsewhere, reached over streamable HTTP.

    Attributes:
        token_headers: of a server of ours, the headers in which a caller may send tokens of their own.
    """

    name: str
    url: Template
    headers: dict[str, Template]
    preload: bool = False
    ours: bool = False
    token_headers: tuple[str, ...] = ()

    @property
    def templates(self) -> tuple[Template, ...]:
        """Every text that may refer to variables."""
        return (self.url, *self.headers.values())


PlannedServer = StdioServer | RemoteServer


@dataclass(frozen=True)
class RolePlan:
    """The servers of a role, in the role's order: drone-mcp's first.

    Attributes:
        not_held: servers that were to be added to the role and are not, each with the reason.
    """

    role: str
    servers: tuple[PlannedServer, ...]
    not_held: tuple[str, ...] = ()

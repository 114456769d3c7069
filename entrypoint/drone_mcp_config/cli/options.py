"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from drone_mcp_config.clients.configuration_builder import SERVED_AT, Transport
from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.roles.delegated_servers import Delegation
from drone_mcp_config.roles.library import role_library


def complete_role(incomplete: str) -> list[str]:
    """Return the roles whose names begin with a text, for the completion of a shell."""
    return [name for name in role_library(None).names() if name.startswith(incomplete)]


RolesDir = Annotated[Path | None, typer.Option("--roles-dir", metavar="FOLDER", help="Look for role files here first.")]
RoleName = Annotated[
    str | None,
    typer.Option("--role", envvar="AGENT_ROLE", metavar="ROLE", help="The agent's role.", autocompletion=complete_role),
]

With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="SERVER", help="Add this server, as the role of --ceiling holds it."),
]
Ceiling = Annotated[
    str | None,
    typer.Option(
        "--ceiling",
        metavar="ROLE",
        help="The most that --with adds; default: the role of the agent that runs this.",
        autocompletion=complete_role,
    ),
]


def read_delegation(context: typer.Context, servers: list[str] | None, ceiling: str | None) -> Delegation:
    """Read what --with and --ceiling say.

    Where --role names another role than AGENT_ROLE, an agent of that role runs this, and gives at most what it has.
    """
    own = os.environ.get("AGENT_ROLE", "")
    caller = own if own and context.params.get("role") not in {None, own} else ""
    return Delegation(tuple(servers or ()), ceiling or "", caller)


# Of the command that writes a client's configuration, in panels of its help.
CLIENT_NAMES = ", ".join(CLIENTS)
FILE = "The client's file"
REACH = "How the client reaches the servers"

Client = Annotated[
    ClientName,
    typer.Option("--client", metavar="CLIENT", help=f"MCP client to configure: {CLIENT_NAMES}.", rich_help_panel=FILE),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="File to write; default: where the client looks.", rich_help_panel=FILE
    ),
]
PrintOnly = Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.", rich_help_panel=FILE)]
CheckOnly = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit 1 with a diff if it is stale.", rich_help_panel=FILE)
]
HowReached = Annotated[
    Transport,
    typer.Option(
        "--transport",
        help="The client starts the servers (stdio), or connects to served ones (http).",
        rich_help_panel=REACH,
    ),
]
WhereServed = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"Where the role is served (see serve); default {SERVED_AT}.",
        rich_help_panel=REACH,
    ),
]
Portable = Annotated[
    bool,
    typer.Option(
        "--portable",
        help="Write command names instead of paths of this machine, for a file to commit.",
        rich_help_panel=REACH,
    ),
]

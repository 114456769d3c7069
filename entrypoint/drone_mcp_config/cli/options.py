"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from drone_mcp_config.roles.library import role_library


def complete_role(incomplete: str) -> list[str]:
    """Return the roles whose names begin with a text, for the completion of a shell."""
    return [name for name in role_library(None).names() if name.startswith(incomplete)]


RolesDir = Annotated[Path | None, typer.Option("--roles-dir", metavar="FOLDER", help="Look for role files here first.")]
RoleName = Annotated[
    str | None,
    typer.Option("--role", envvar="AGENT_ROLE", help="The agent's role.", autocompletion=complete_role),
]

"""The options of the command line that are about Drone."""

from pathlib import Path
from typing import Annotated

import typer

from drone_mcp_config.drone.service import ADDRESS, REPO, TOKEN, TOKEN_FILE

PANEL = "Drone"

Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help=f"Write this address of Drone into the file, not a reference to {ADDRESS}.",
        rich_help_panel=PANEL,
    ),
]
Repo = Annotated[
    str | None,
    typer.Option(
        "--repo",
        envvar=REPO,
        metavar="OWNER/NAME",
        help="The repository the agent works on.",
        rich_help_panel=PANEL,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        envvar=TOKEN_FILE,
        metavar="FILE",
        help=f"File that the servers read the token from, instead of {TOKEN}.",
        rich_help_panel=PANEL,
    ),
]
OwnToken = Annotated[
    bool,
    typer.Option(
        "--own-token", help=f"Send {TOKEN} to the served role, which asks Drone with it.", rich_help_panel=PANEL
    ),
]
OwnTokenOfDoctor = Annotated[bool, typer.Option("--own-token", help=f"Send {TOKEN} to the served role.")]
# An agent's container may name the repository by a variable that other tools of it read, too.
AgentRepo = Annotated[
    str | None,
    typer.Option(
        "--repo",
        envvar=[REPO, "PROJECT_ID"],
        metavar="OWNER/NAME",
        help="The repository that the agent works on.",
    ),
]

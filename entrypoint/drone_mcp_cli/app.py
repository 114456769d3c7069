"""The command line: options and help here, the work in `commands/`."""

import importlib.metadata
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from ci_mcp_kit.typer_application import Application
from drone_mcp_cli import exit_codes, tool_names
from drone_mcp_cli.completing import (
    complete_argument,
    complete_number,
    complete_repo,
    complete_role,
    complete_stage,
    complete_step,
    complete_tool,
)

PROGRAM = "drone-mcp"

HELP = """Ask Drone CI about builds, with the tools that agents have.

drone-mcp diagnose   says why the newest failed build of this folder's repository is red.

DRONE_SERVER and DRONE_TOKEN say which Drone to ask. Into a pipe, the output is plain text.
"""

app = Application(name=PROGRAM, help=HELP, epilog=exit_codes.MEANINGS, no_args_is_help=True)

Repo = Annotated[
    str | None,
    typer.Argument(
        metavar="REPO",
        help="owner/name, or an address of Drone; by default this folder's git remote.",
        autocompletion=complete_repo,
        show_default=False,
    ),
]
Number = Annotated[
    str | None,
    typer.Argument(metavar="N", help="The number of the build.", autocompletion=complete_number, show_default=False),
]
Role = Annotated[
    str | None,
    typer.Option(
        "--role",
        envvar="AGENT_ROLE",
        metavar="ROLE",
        help="Allow only what this role may do and see.",
        autocompletion=complete_role,
    ),
]
RolesDir = Annotated[Path | None, typer.Option("--roles-dir", metavar="FOLDER", help="Look for role files here first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the tool's structured answer as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to every change, and ask nothing.")]
Budget = Annotated[
    int | None,
    typer.Option("--budget", metavar="TOKENS", help="How long the answer may be, 200 to 20000.", show_default=False),
]
Cursor = Annotated[str | None, typer.Option("--cursor", metavar="CURSOR", help="Go on where an answer ended.")]
Branch = Annotated[str | None, typer.Option("--branch", "-b", metavar="BRANCH", help="Builds of this branch only.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {importlib.metadata.version('drone-mcp')}")
        raise typer.Exit


@app.callback()
def drone_mcp(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ask Drone CI (the help is HELP)."""


@app.command()
def diagnose(
    repo: Repo = None,
    number: Number = None,
    budget: Budget = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Say why a build failed: the failed steps, and the lines of their logs that tell why.

    Without a number, the newest failed build. The exit code is 1 if the build is red.
    """
    from drone_mcp_cli.commands import diagnose as command  # noqa: PLC0415 - slow to load, as are the others
    from drone_mcp_cli.commands.command_runner import Options, given  # noqa: PLC0415
    from drone_mcp_cli.targets import read_target  # noqa: PLC0415

    arguments = read_target(repo, number) | given(token_budget=budget)
    raise typer.Exit(command.run(Options(role, roles_dir, as_json), arguments))


@app.command()
def logs(
    repo: Repo = None,
    number: Number = None,
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="STAGE", help="Its number or name.", autocompletion=complete_stage),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option("--step", metavar="STEP", help="Its number or name.", autocompletion=complete_step),
    ] = None,
    tail: Annotated[int | None, typer.Option("--tail", metavar="LINES", help="The last lines.")] = None,
    head: Annotated[int | None, typer.Option("--head", metavar="LINES", help="The first lines.")] = None,
    around: Annotated[int | None, typer.Option("--around", metavar="LINE", help="The lines around this one.")] = None,
    cursor: Cursor = None,
    budget: Budget = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Show a step's log; without a step, the end of the log of each failed one.

    Without a number, of the newest build.
    """
    from drone_mcp_cli.commands.command_runner import Options, ask_and_show, given  # noqa: PLC0415
    from drone_mcp_cli.targets import read_target  # noqa: PLC0415

    window = given(stage=stage, step=step, tail=tail, head=head, around=around, cursor=cursor, token_budget=budget)
    arguments = read_target(repo, number) | window
    raise typer.Exit(ask_and_show(Options(role, roles_dir, as_json), tool_names.LOGS, arguments).exit_code)


@app.command()
def wait(
    repo: Repo = None,
    number: Number = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Follow a build to its end, with its steps as they run.

    Without a number, the newest build of the default branch. The exit code is 0 only if the build ends green.
    """
    from drone_mcp_cli.commands import wait as command  # noqa: PLC0415
    from drone_mcp_cli.commands.command_runner import Options  # noqa: PLC0415
    from drone_mcp_cli.targets import read_target  # noqa: PLC0415

    raise typer.Exit(command.run(Options(role, roles_dir, as_json), read_target(repo, number)))


@app.command()
def builds(
    repo: Repo = None,
    status: Annotated[
        str | None, typer.Option("--status", "-s", metavar="STATUS", help="Like failed, running or success.")
    ] = None,
    branch: Branch = None,
    event: Annotated[
        str | None, typer.Option("--event", metavar="EVENT", help="Like push, pull_request, tag or cron.")
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="AUTHOR", help="Login, name or e-mail address.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="NUMBER", help="1 to 50 builds.")] = 10,
    cursor: Cursor = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """List the builds of a repository, newest first."""
    from drone_mcp_cli.commands.command_runner import Options, ask_and_show, given  # noqa: PLC0415

    wanted = given(status=status, branch=branch, event=event, author=author, cursor=cursor)
    arguments = given(repo=repo, limit=limit) | wanted
    raise typer.Exit(ask_and_show(Options(role, roles_dir, as_json), tool_names.BUILDS, arguments).exit_code)


@app.command()
def why(
    repo: Repo = None,
    branch: Branch = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="STEP", help="Name or STAGE/STEP, for a step alone.")
    ] = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Say since when a branch fails, and which steps fail now and then without a change.

    Without a branch, the default one.
    """
    from drone_mcp_cli.commands import why as command  # noqa: PLC0415
    from drone_mcp_cli.commands.command_runner import Options, given  # noqa: PLC0415

    options = Options(role, roles_dir, as_json)
    raise typer.Exit(command.run(options, given(repo=repo), given(branch=branch, step=step)))


@app.command()
def restart(
    repo: Repo = None,
    number: Number = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Yes = False,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Run a build again as a new build, after asking.

    Restarts are off until DRONE_MCP_ACTIONS turns them on. Each one passes the guard and is written to the audit log.
    Without a terminal to ask at, nothing is done unless you add --yes.
    """
    from drone_mcp_cli.commands.command_runner import Options, ask_and_show, given  # noqa: PLC0415
    from drone_mcp_cli.targets import read_target  # noqa: PLC0415

    arguments = read_target(repo, number) | given(dry_run=dry_run or None)
    if "number" not in arguments:
        raise typer.BadParameter("the number of the build is missing", param_hint="N")
    raise typer.Exit(ask_and_show(Options(role, roles_dir, as_json, yes), tool_names.RESTART, arguments).exit_code)


@app.command()
def call(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool's name.", autocompletion=complete_tool)],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            help="Its arguments; key=@file takes the text of a file, and a JSON object stands for several.",
            autocompletion=complete_argument,
        ),
    ] = None,
    yes: Yes = False,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """Call any tool of any installed server.

    Values are read by the tool's schema: see drone-mcp tools TOOL. Changes are asked about, as in restart.
    """
    from drone_mcp_cli.commands import call as command  # noqa: PLC0415
    from drone_mcp_cli.commands.command_runner import Options  # noqa: PLC0415

    raise typer.Exit(command.run(Options(role, roles_dir, as_json, yes), tool, arguments or []))


@app.command()
def tools(
    tool: Annotated[
        str | None,
        typer.Argument(metavar="TOOL", help="Show the arguments of this one.", autocompletion=complete_tool),
    ] = None,
    role: Role = None,
    roles_dir: RolesDir = None,
    as_json: AsJson = False,
) -> None:
    """List the tools that are installed; with --role, those that the role has."""
    from drone_mcp_cli.commands import tools as command  # noqa: PLC0415
    from drone_mcp_cli.commands.command_runner import Options  # noqa: PLC0415

    command.run(Options(role, roles_dir, as_json), tool)


def main() -> None:
    """Run the command; a user's mistake ends in a message, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding lacks characters that a log may have.
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")
    try:
        app(prog_name=PROGRAM)
    except Exception as error:
        from drone_mcp_config.errors import UserError  # noqa: PLC0415 - not for the help

        if not isinstance(error, UserError):
            raise
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)

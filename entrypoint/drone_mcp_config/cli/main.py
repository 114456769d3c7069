"""The command line: options and help here, the work in `commands/`."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer

from ci_mcp_kit.typer_application import Application
from drone_mcp_config.cli import agents as cli_agents
from drone_mcp_config.cli.options import (
    CLIENT_NAMES,
    Ceiling,
    CheckOnly,
    Client,
    HowReached,
    Output,
    Portable,
    PrintOnly,
    RoleName,
    RolesDir,
    WhereServed,
    With,
    complete_role,
    read_delegation,
)
from drone_mcp_config.clients.configuration_builder import SERVED_AT, Choices, Transport
from drone_mcp_config.clients.formats import ClientName
from drone_mcp_config.commands import configure as configure_command
from drone_mcp_config.commands import demo as demo_command
from drone_mcp_config.commands import doctor as doctor_command
from drone_mcp_config.commands import roles as roles_command
from drone_mcp_config.commands import schema as schema_command
from drone_mcp_config.commands import show as show_command
from drone_mcp_config.commands import token as token_command
from drone_mcp_config.drone.options import OwnToken, OwnTokenOfDoctor, Repo, Server, TokenFile
from drone_mcp_config.errors import UserError

PROGRAM = "drone-mcp-config"

HELP = """Give an AI agent the Drone CI tools of its role.

drone-mcp-config --role dev   writes .mcp.json for Claude Code into this folder.

Servers in that file that are not ours stay as they are. Secrets never go into it, \
only the names of the variables that hold them.
"""

EPILOG = (
    "Exit codes: 0 done · 1 the file is stale or was left as it is, or a check failed · 2 wrong usage or invalid role"
)

app = Application(name=PROGRAM, help=HELP, epilog=EPILOG)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {importlib.metadata.version('drone-mcp')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def configure(
    context: typer.Context,
    role: RoleName = None,
    servers: With = None,
    ceiling: Ceiling = None,
    client: Client = "claude",
    output: Output = None,
    print_only: PrintOnly = False,
    check: CheckOnly = False,
    roles_dir: RolesDir = None,
    server: Server = None,
    repo: Repo = None,
    token_file: TokenFile = None,
    transport: HowReached = "stdio",
    url: WhereServed = None,
    own_token: OwnToken = False,
    portable: Portable = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Write a client's configuration (the help is HELP)."""
    # Typer runs this callback before every subcommand, too.
    if context.invoked_subcommand is not None:
        return
    choices = Choices(client, portable, server, repo, token_file, transport, url, own_token)
    delegation = read_delegation(context, servers, ceiling)
    configure_command.run(
        role, choices, delegation, output=output, roles_dir=roles_dir, print_only=print_only, check=check
    )


@app.command()
def init(
    server: Annotated[str | None, typer.Option("--server", metavar="URL", help="Drone's address.")] = None,
    token_file: TokenFile = None,
    client: Annotated[
        ClientName | None, typer.Option("--client", metavar="CLIENT", help=f"Client to configure: {CLIENT_NAMES}.")
    ] = None,
    role: RoleName = None,
    repo: Repo = None,
    roles_dir: RolesDir = None,
) -> None:
    """Set up a client in five questions: address, token, client, role, repository.

    Each answer is tested before the next question, and nothing is written before the last. The token goes to a file
    that only you can read, unless DRONE_TOKEN or --token-file has one. At the end doctor tries everything. With an
    option for each answer it asks nothing, for scripts.
    """
    from drone_mcp_config.commands import init as init_command  # noqa: PLC0415 - brings doctor's checks

    init_command.run(init_command.Given(server, token_file, client, role, repo), roles_dir=roles_dir)


@app.command()
def roles(roles_dir: RolesDir = None) -> None:
    """Show which role has which tools."""
    roles_command.run(roles_dir)


@app.command()
def show(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help="The role.", autocompletion=complete_role)],
    servers: With = None,
    ceiling: Ceiling = None,
    roles_dir: RolesDir = None,
) -> None:
    """Show the resolved role, with the file and line of each value."""
    show_command.run(role, read_delegation(context, servers, ceiling), roles_dir)


@app.command()
def doctor(
    context: typer.Context,
    role: RoleName = None,
    servers: With = None,
    ceiling: Ceiling = None,
    roles_dir: RolesDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    transport: Annotated[
        Transport, typer.Option("--transport", help="Start the servers (stdio), or check a served role (http).")
    ] = "stdio",
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help=f"Where the role is served; default {SERVED_AT}.")
    ] = None,
    own_token: OwnTokenOfDoctor = False,
) -> None:
    """Check everything a role needs: Drone, tokens, store, logs; start its servers as a client would.

    It takes DRONE_SERVER and DRONE_TOKEN (or DRONE_TOKEN_FILE) from the environment; with --transport http
    DRONE_MCP_HTTP_TOKEN instead, and asks the role that is served. Exit code 1 if something failed.
    """
    where = doctor_command.ServerLocation(transport, url, own_token)
    delegation = read_delegation(context, servers, ceiling)
    doctor_command.run(role, where, delegation=delegation, roles_dir=roles_dir, as_json=as_json)


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the simulator running, to try an agent on it.")] = False,
) -> None:
    """Show the whole way from a red build to the line that matters, on a simulated Drone. Needs no server."""
    demo_command.run(as_json=as_json, keep=keep)


@app.command()
def serve(
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="Role of all callers; default: AGENT_ROLE.",
            autocompletion=complete_role,
        ),
    ] = None,
    http: Annotated[
        str, typer.Option("--http", metavar="ADDRESS:PORT", help="Address to listen on; port 0 picks a free port.")
    ] = "127.0.0.1:8080",
    roles_from: Annotated[
        Path | None,
        typer.Option("--roles-from", metavar="FILE", help="Callers with hashed tokens, each with a role of its own."),
    ] = None,
    replicas: Annotated[
        int,
        typer.Option(
            "--replicas",
            metavar="NUMBER",
            envvar="DRONE_MCP_REPLICAS",
            min=1,
            help="Number of processes that share the callers; each allows its share of per_minute.",
        ),
    ] = 1,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="ADDRESS:PORT",
            help="Serve a status page here, for callers with a token; without tokens on a loopback address only.",
        ),
    ] = None,
    roles_dir: RolesDir = None,
) -> None:
    """Serve all servers of a role from one process, under /builds/mcp, /logs/mcp and so on.

    DRONE_SERVER and the tokens that the role names come from the environment; DRONE_MCP_HTTP_TOKEN (or _FILE) is what
    callers have to send, needed on all but loopback addresses. Prints {"url": ...} when ready.
    """
    from drone_mcp_config.commands import serve as serve_command  # noqa: PLC0415 - brings the SDK, slow to load

    serve_command.run(role, address=http, callers=roles_from, roles_dir=roles_dir, replicas=replicas, status=status)


app.command()(cli_agents.agent)
app.command()(cli_agents.pod)


@app.command()
def token(
    stdin: Annotated[bool, typer.Option("--stdin", help="Print the hash of the token on standard input.")] = False,
    count: Annotated[
        int, typer.Option("--count", min=0, max=400, metavar="NUMBER", help="Make tokens for so many callers.")
    ] = 0,
    names: Annotated[str, typer.Option("--names", metavar="PATTERN", help="Their names; %d is a number.")] = "agent-%d",
    role: Annotated[
        str | None, typer.Option("--role", metavar="ROLE", help="Their role.", autocompletion=complete_role)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write a file for each token.")
    ] = None,
) -> None:
    """Make a token for a caller, and the hash of it for the file of `serve --roles-from`.

    With --count, print that file for many callers, so that logs and the audit tell agents apart, and write the token of
    each to a file of its name.
    """
    if not count:
        token_command.run(stdin=stdin)
    elif stdin or not role or not output:
        raise UserError("--count takes --role ROLE and --output FOLDER, and no --stdin.")
    else:
        token_command.run_many(count, names, role, output)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a role file, for editors."""
    schema_command.run()


def main() -> None:
    """Run the command; a user's mistake ends in a message, not in a traceback."""
    try:
        app(prog_name=PROGRAM)
    except UserError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)

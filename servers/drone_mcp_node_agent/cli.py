"""The command line `drone-nodes-agent`: run the daemon of a node, and what its administrator needs."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from ci_mcp_kit.typer_application import Application
from drone_mcp_node_agent.auth.callers import Role  # noqa: TC001 - Typer reads the annotation
from drone_mcp_node_agent.auth.token_file import TokenFileError, add_token, read_tokens, remove_token
from drone_mcp_node_agent.commands.checking import find_faults
from drone_mcp_node_agent.configuration.loading import ConfigurationError, load_configuration
from drone_mcp_node_agent.registry_snapshots import SnapshotError, take_snapshot

if TYPE_CHECKING:
    from drone_mcp_node_agent.configuration.model import Configuration

app = Application(
    no_args_is_help=True, help="The daemon of a container node, which drives podman and keeps a registry."
)
tokens = Application(no_args_is_help=True, help="Add, list and remove tokens of the token file.")
app.add_typer(tokens, name="token")

DEFAULT: Final = Path("/etc/drone-nodes/agent.toml")
UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", envvar="MCP_AGENT_CONFIG", help="The configuration file.")
]


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)


def _load(path: Path) -> Configuration:
    environment = {name: value for name, value in os.environ.items() if name != "MCP_AGENT_CONFIG"}
    try:
        return load_configuration(path, environment)
    except ConfigurationError as error:
        _fail(str(error))


@app.command()
def run(config: ConfigOption = DEFAULT) -> None:
    """Run the daemon until SIGINT or SIGTERM. It prints its address as a line of JSON when it is ready."""
    configuration = _load(config)
    try:
        from drone_mcp_node_agent.serving.daemon import StartError, run_daemon  # noqa: PLC0415 - gRPC is slow to import
    except ModuleNotFoundError as missing:
        package = str(missing.name).partition(".")[0]
        _fail(f"The package {package} is missing. Install the daemon with: pip install 'drone-mcp[nodes]'")
    try:
        run_daemon(configuration)
    except StartError as error:
        _fail(str(error))


@app.command("check-config")
def check_config(config: ConfigOption = DEFAULT) -> None:
    """Check the configuration, and what it names on this machine. Ends with 1 if the daemon could not run."""
    configuration = _load(config)
    if faults := find_faults(configuration):
        _fail("\n".join(f"{config}: {fault}" for fault in faults))
    typer.echo(f"{config}: node {configuration.node}, listening on {configuration.listen}: the configuration is valid")


@app.command()
def snapshot(config: ConfigOption = DEFAULT) -> None:
    """Copy the registry into a new file, also while the daemon runs, and print its path.

    To restore it, stop the daemon, remove registry.db, registry.db-wal and registry.db-shm from the state folder, copy
    the snapshot there as registry.db, and start the daemon.
    """
    configuration = _load(config)
    paths = configuration.paths
    try:
        target = take_snapshot(paths.registry, paths.snapshots, configuration.snapshots.keep, datetime.now(UTC))
    except SnapshotError as error:
        _fail(str(error))
    typer.echo(target)


@tokens.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose token it is, such as alice or ci.")],
    role: Annotated[Role, typer.Option(help="What the token may do.")],
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="When it ends: such as 12h, 90d or 2027-01-31; never if not given.")
    ] = "",
    config: ConfigOption = DEFAULT,
) -> None:
    """Add a token and print it. It is shown this once only: the file keeps its hash."""
    path = _load(config).auth.tokens
    try:
        typer.echo(add_token(path, name, role, parse_expiry(expires, datetime.now(UTC))))
    except (TokenFileError, ValueError) as error:
        _fail(str(error))


@tokens.command("list")
def list_tokens(config: ConfigOption = DEFAULT) -> None:
    """List the tokens: name, roles and end, separated by tabs."""
    path = _load(config).auth.tokens
    try:
        entries = read_tokens(path)
    except TokenFileError as error:
        _fail(str(error))
    now = datetime.now(UTC)
    for entry in entries:
        caller = entry.caller
        end = f"{caller.expires:%Y-%m-%dT%H:%M:%SZ}" if caller.expires else "never"
        typer.echo("\t".join((caller.name, ",".join(sorted(caller.roles)), end + " (expired)" * entry.expired(now))))


@tokens.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Whose token it is.")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Remove a token. A running daemon refuses it from then on."""
    try:
        remove_token(_load(config).auth.tokens, name)
    except TokenFileError as error:
        _fail(str(error))


def parse_expiry(text: str, now: datetime) -> datetime | None:
    """Return the time that a text such as 90d or 2027-01-31 means; None for no text.

    Raises:
        ValueError: it is not a valid time, or has passed.
    """
    if not text:
        return None
    try:
        if relative := re.fullmatch(r"(\d{1,5})([hd])", text):
            end = now.replace(microsecond=0) + int(relative[1]) * UNITS[relative[2]]
        else:
            end = datetime.fromisoformat(text)
            end = end.replace(tzinfo=UTC) if end.tzinfo is None else end.astimezone(UTC)
    except ValueError:
        raise ValueError(f"{text!r} is not a valid time: write such as 12h, 90d or 2027-01-31") from None
    if end <= now:
        raise ValueError(f"{text} has passed: name a later time")
    return end


def main() -> None:
    """Run the command line."""
    app()

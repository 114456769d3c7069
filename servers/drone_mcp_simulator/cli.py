"""The command line `drone-mcp-simulator`: run a simulated Drone."""

from __future__ import annotations

import json
import logging
import os
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import anyio
import typer

from ci_mcp_kit.command_line import Application
from ci_mcp_kit.log_writer import LogWriter
from ci_mcp_simulator.clock import ManualClock, RealClock
from ci_mcp_simulator.listening import parse_address
from ci_mcp_simulator.serving import open_stop_event
from drone_mcp_simulator import scenario as scenarios
from drone_mcp_simulator.app import serving
from drone_mcp_simulator.scenario_file import ScenarioError
from drone_mcp_simulator.webhooks import WebhookSender

if TYPE_CHECKING:
    from drone_mcp_simulator.world import World

app = Application(no_args_is_help=True, help="A simulated Drone CI server to try things on and to test against.")


class ClockKind(StrEnum):
    """The kind of clock that the simulator uses."""

    real = "real"
    manual = "manual"


@app.command("scenarios")
def list_scenarios() -> None:
    """List the scenarios that come with the simulator."""
    for name in scenarios.shipped():
        typer.echo(f"{name:10} {scenarios.read(name).description}")


@app.command()
def serve(
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Address to listen on; port 0 picks a free port.")
    ] = "127.0.0.1:0",
    scenario: Annotated[str, typer.Option(metavar="NAME", help="A shipped scenario's name or a file.")] = "demo",
    webhook: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Send webhooks to this address; may be repeated.")
    ] = None,
    webhook_secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the webhooks' secret.")
    ] = None,
    clock: Annotated[
        ClockKind, typer.Option(help="manual: stands still until POST /_simulator/advance.")
    ] = ClockKind.real,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow an address other machines can reach.")
    ] = False,
) -> None:
    """Serve a scenario. Prints one line of JSON when ready: {"url": ..., "tokens": {login: token}, "forge": {...}}.

    The repositories are also at the forge, a Gitea below /forge, with tokens of its own.
    """
    host, port = parse_address(listen, allow_remote=allow_remote)
    try:
        world = scenarios.load(scenario, ManualClock() if clock is ClockKind.manual else RealClock())
    except ScenarioError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    if webhook:
        world.sender = WebhookSender(tuple(webhook), secret=_read_secret(webhook_secret_env))
    logging.basicConfig(level=logging.WARNING, handlers=[LogWriter()], force=True)
    anyio.run(_serve, world, host, port)


def _read_secret(variable: str | None) -> str:
    if variable is None:
        return ""
    if variable not in os.environ:
        raise typer.BadParameter(f"the variable {variable} is not set", param_hint="--webhook-secret-env")
    return os.environ[variable]


async def _serve(world: World, host: str, port: int) -> None:
    stop = open_stop_event(signal.SIGINT, signal.SIGTERM)
    try:
        async with serving(world, host, port) as url:
            tokens = {user.login: user.token for user in world.users.values()}
            forge = {"url": world.forge.url, "tokens": {one.name: key for key, one in world.forge.tokens.items()}}
            typer.echo(json.dumps({"url": url, "tokens": tokens, "forge": forge}))
            await stop.wait()
    except OSError as error:
        typer.echo(f"cannot listen on {host}:{port}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the command line."""
    app()

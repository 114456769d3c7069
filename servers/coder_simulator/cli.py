"""The command line `drone-mcp-coder-simulator`: run a simulated Coder."""

from __future__ import annotations

import json
import logging
import signal
from typing import TYPE_CHECKING, Annotated

import anyio
import typer

from ci_mcp_kit.command_line import Application
from ci_mcp_kit.log_writer import LogWriter
from ci_mcp_simulator.clock import RealClock
from ci_mcp_simulator.listening import parse_address
from ci_mcp_simulator.serving import open_stop_event
from coder_simulator.app import serving
from coder_simulator.scenario import ScenarioError, load

if TYPE_CHECKING:
    from coder_simulator.world import World

app = Application(no_args_is_help=True, help="A simulated Coder to try things on and to test against.")


@app.callback()
def commands() -> None:
    """Keep `serve` a command of its own, so that others can join it."""


@app.command()
def serve(
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:0",
    scenario: Annotated[str, typer.Option(metavar="NAME", help="A shipped scenario's name or a file.")] = "demo",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Allow an address other machines can reach.")
    ] = False,
) -> None:
    """Serve a scenario. Prints one line of JSON when ready: {"url": ..., "tokens": {user: [token]}}."""
    host, port = parse_address(listen, allow_remote=allow_remote)
    try:
        world = load(scenario, RealClock())
    except ScenarioError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error
    logging.basicConfig(level=logging.WARNING, handlers=[LogWriter()], force=True)
    anyio.run(_serve, world, host, port)


async def _serve(world: World, host: str, port: int) -> None:
    stop = open_stop_event(signal.SIGINT, signal.SIGTERM)
    try:
        async with serving(world, host, port) as url:
            tokens = {user.name: list(user.tokens) for user in world.users.values()}
            typer.echo(json.dumps({"url": url, "tokens": tokens}))
            await stop.wait()
    except OSError as error:
        typer.echo(f"cannot listen on {host}:{port}: {error.strerror or error}", err=True)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the command line."""
    app()

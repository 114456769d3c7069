"""The command line of a simulator: `serve`, until a signal stops it."""

from __future__ import annotations

import json
import logging
import signal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import anyio
import typer

from ci_mcp_kit.log_writer import LogWriter
from ci_mcp_kit.typer_application import Application
from ci_mcp_simulator.clock import RealClock
from ci_mcp_simulator.listen_address import parse_address
from ci_mcp_simulator.scenarios import ScenarioError
from ci_mcp_simulator.serving import open_stop_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_simulator.clock import Clock

World = TypeVar("World")

Listen = Annotated[str, typer.Option(metavar="ADDRESS:PORT", help="Address to listen on; port 0 picks a free port.")]
ScenarioName = Annotated[str, typer.Option(metavar="NAME", help="A shipped scenario's name or a file.")]
AllowRemote = Annotated[bool, typer.Option("--allow-remote", help="Allow an address other machines can reach.")]


def create_application(
    system: str,
    load: Callable[[str, Clock], World],
    serving: Callable[[World, str, int], AbstractAsyncContextManager[str]],
    list_tokens: Callable[[World], dict[str, Any]],
) -> Application:
    """Return the command line of a simulator whose worlds are `load`ed from scenarios."""
    app = Application(no_args_is_help=True, help=f"A simulated {system} to try things on and to test against.")

    @app.callback()
    def commands() -> None:
        """Keep `serve` a command of its own, so that others can join it."""

    @app.command()
    def serve(
        listen: Listen = "127.0.0.1:0", scenario: ScenarioName = "demo", allow_remote: AllowRemote = False
    ) -> None:
        """Serve a scenario. Prints one line of JSON when ready: {"url": ..., "tokens": {user: ...}}."""
        address = parse_address(listen, allow_remote=allow_remote)
        world = load_or_refuse(lambda: load(scenario, RealClock()))
        serve_until_stopped(
            lambda host, port: serving(world, host, port), address, lambda: {"tokens": list_tokens(world)}
        )

    return app


def load_or_refuse(load: Callable[[], World]) -> World:
    """Load a scenario; an invalid one is the user's mistake in `--scenario`."""
    try:
        return load()
    except ScenarioError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from error


def serve_until_stopped(
    serving: Callable[[str, int], AbstractAsyncContextManager[str]],
    address: tuple[str, int],
    describe: Callable[[], dict[str, Any]],
) -> None:
    """Serve until a signal arrives; print the URL and what `describe` returns as one line of JSON when ready."""

    async def serve() -> None:
        stop = open_stop_event(signal.SIGINT, signal.SIGTERM)
        try:
            async with serving(*address) as url:
                typer.echo(json.dumps({"url": url, **describe()}))
                await stop.wait()
        except OSError as error:
            host, port = address
            typer.echo(f"cannot listen on {host}:{port}: {error.strerror or error}", err=True)
            raise typer.Exit(1) from error

    logging.basicConfig(level=logging.WARNING, handlers=[LogWriter()], force=True)
    anyio.run(serve)

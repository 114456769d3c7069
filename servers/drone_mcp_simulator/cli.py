"""The command line `drone-mcp-simulator`: run a simulated Drone."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated, Any

import typer

from ci_mcp_kit.typer_application import Application
from ci_mcp_simulator.clock import ManualClock, RealClock
from ci_mcp_simulator.commands import AllowRemote, Listen, ScenarioName, load_or_refuse, serve_until_stopped
from ci_mcp_simulator.listen_address import parse_address
from drone_mcp_simulator import scenario_loading as scenarios
from drone_mcp_simulator.app import serving
from drone_mcp_simulator.webhooks import WebhookSender

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
    listen: Listen = "127.0.0.1:0",
    scenario: ScenarioName = "demo",
    webhook: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Send webhooks to this address; may be repeated.")
    ] = None,
    webhook_secret_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The environment variable that holds the webhooks' secret.")
    ] = None,
    clock: Annotated[
        ClockKind, typer.Option(help="manual: stands still until POST /_simulator/advance.")
    ] = ClockKind.real,
    allow_remote: AllowRemote = False,
) -> None:
    """Serve a scenario. Prints one line of JSON when ready: {"url": ..., "tokens": {login: token}, "forge": {...}}.

    The repositories are also at the forge, a Gitea below /forge, with tokens of its own.
    """
    address = parse_address(listen, allow_remote=allow_remote)
    timepiece = ManualClock() if clock is ClockKind.manual else RealClock()
    world = load_or_refuse(lambda: scenarios.load(scenario, timepiece))
    if webhook:
        world.sender = WebhookSender(tuple(webhook), secret=_read_secret(webhook_secret_env))

    def describe() -> dict[str, Any]:
        forge = {"url": world.forge.url, "tokens": {one.name: key for key, one in world.forge.tokens.items()}}
        return {"tokens": {user.login: user.token for user in world.users.values()}, "forge": forge}

    serve_until_stopped(lambda host, port: serving(world, host, port), address, describe)


def _read_secret(variable: str | None) -> str:
    if variable is None:
        return ""
    if variable not in os.environ:
        raise typer.BadParameter(f"the variable {variable} is not set", param_hint="--webhook-secret-env")
    return os.environ[variable]


def main() -> None:
    """Run the command line."""
    app()

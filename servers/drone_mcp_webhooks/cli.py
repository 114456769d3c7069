"""The command line `drone-mcp-webhooks`: receive deliveries, copy and restore the state."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, NoReturn

import anyio
import typer

from ci_mcp_kit import http_process, logs
from ci_mcp_kit.http_settings import read_address, read_loopback
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.typer_application import Application
from drone_mcp_state import StoreError, open_store, restore_snapshot, write_snapshot
from drone_mcp_webhooks import receiver_process
from drone_mcp_webhooks.retention import DAY, RetentionLimits
from drone_mcp_webhooks.settings import ReceiverSettings, SettingsError, read_settings, read_state
from drone_mcp_webhooks.status import StatusPage

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

app = Application(
    no_args_is_help=True, add_completion=False, help="Keeps the state of Drone's builds from its webhooks."
)

WRONG_USE = 2  # the exit status, as click has it for wrong arguments


@app.command()
def serve(
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Address to listen on; port 0 picks a free port.")
    ] = "127.0.0.1:8088",
    period: Annotated[int, typer.Option(min=5, metavar="SECONDS", help="Seconds between comparisons with Drone.")] = 60,
    requests_per_minute: Annotated[
        int, typer.Option(min=1, metavar="NUMBER", help="Most requests to Drone in any minute.")
    ] = 60,
    keep_builds: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Builds to keep of each repository.")] = 500,
    keep_days: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days to keep a build.")] = 90,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Serve a status page here: a loopback address, as everyone who reaches it sees all builds.",
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="An audit file to show on the status page; DRONE_MCP_ACTION_KEY holds its key, if it is signed.",
        ),
    ] = None,
) -> None:
    """Receive Drone's webhooks at POST /webhooks. Prints {"url": ...} when ready.

    DRONE_MCP_WEBHOOK_SECRET is needed; DRONE_MCP_STATE says where the state is kept; DRONE_SERVER and DRONE_TOKEN let
    it look after deliveries that were lost.
    """
    try:
        address = read_address(listen)
        settings = replace(
            read_settings(os.environ),
            period=period,
            requests_per_minute=requests_per_minute,
            retention=RetentionLimits(keep_builds, keep_days * DAY),
        )
        logs.configure(settings.shared, Cleaner(Redactor(settings.secrets)))
        _warn_of_missing_settings(settings)
        # The addresses are bound before anything runs, so that one that is taken ends the start with one line.
        listener = http_process.listen(address)
        key = os.environ.get("DRONE_MCP_ACTION_KEY", "").strip()
        page = StatusPage(http_process.listen(read_loopback(status)), audit, key) if status else None
        anyio.run(receiver_process.serve, settings, listener, page)
    except SettingsError as error:
        _fail(str(error), WRONG_USE)
    except StoreError as error:
        _fail(f"DRONE_MCP_STATE cannot be used: {error}", WRONG_USE)


@app.command()
def snapshot(
    to: Annotated[Path, typer.Argument(help="The SQLite file to write; it must not exist yet.")],
) -> None:
    """Copy the state that DRONE_MCP_STATE names into a SQLite file, while others go on writing."""
    # An older copy may be the only one that is good.
    if to.exists():
        _fail(f"{to} exists already", WRONG_USE)
    with _failing_in_a_line():
        anyio.run(_snapshot, read_state(os.environ), to.absolute())


@app.command()
def restore(
    copy: Annotated[Path, typer.Argument(help="A file that `snapshot` wrote.", exists=True, dir_okay=False)],
) -> None:
    """Merge a copy into the state that DRONE_MCP_STATE names; newer entries there stay."""
    with _failing_in_a_line():
        count = anyio.run(_restore, read_state(os.environ), copy.absolute())
    typer.echo(f"{count} builds merged", err=True)


@contextlib.contextmanager
def _failing_in_a_line() -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        _fail(str(error), WRONG_USE)
    except StoreError as error:
        _fail(str(error), 1)


async def _snapshot(state: str, to: Path) -> None:
    async with open_store(state) as store:
        await write_snapshot(store, to)


async def _restore(state: str, copy: Path) -> int:
    async with open_store(state) as store, open_store(f"sqlite://{copy}") as other:
        return await restore_snapshot(other, store)


def _warn_of_missing_settings(settings: ReceiverSettings) -> None:
    if settings.drone is None:
        logger.warning("Reconciliation is off: without DRONE_SERVER and DRONE_TOKEN, lost deliveries stay lost")
    if settings.state == "memory:":
        logger.warning("DRONE_MCP_STATE is memory: what is received is seen by no other process and ends with this one")


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"drone-mcp-webhooks: {message}", err=True)
    raise typer.Exit(code)


def main() -> None:
    """Run the command."""
    app()

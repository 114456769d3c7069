"""Runs a command: with the configuration, an event loop, and errors as messages."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import anyio
import typer

from ci_mcp_kit.errors import ServiceError
from drone_nodes import exit_codes
from drone_nodes.configuration.loading import find_path, load_configuration
from drone_nodes.pages.printing import error_to_json, print_json, print_note
from drone_nodes.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def config_path(context: typer.Context) -> Path:
    """Return the path of the configuration that the options name."""
    return find_path(context.obj, os.environ)


def run(context: typer.Context, command: Callable[[Session], Awaitable[int]], *, as_json: bool = False) -> NoReturn:
    """Run a command and end with its exit code; an error is a message, or JSON where the answer would be JSON."""

    async def run_in_session() -> int:
        async with Session(load_configuration(config_path(context), os.environ)) as session:
            return await command(session)

    try:
        code = anyio.run(run_in_session)
    except* ServiceError as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        assert isinstance(first, ServiceError)  # noqa: S101 - the group has no others
        code = _tell(first, as_json=as_json)
    except* KeyboardInterrupt:
        code = exit_codes.INTERRUPTED
    except* BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it at the end
        code = exit_codes.CLOSED
    raise typer.Exit(code)


def guard_errors(action: Callable[[], None]) -> NoReturn:
    """Do something without a session, with errors as `run` has them."""
    try:
        action()
    except ServiceError as error:
        raise typer.Exit(_tell(error, as_json=False)) from None
    raise typer.Exit(exit_codes.DONE)


def _tell(error: ServiceError, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": error_to_json(error)})
    else:
        print_note(error.message, "red")
        print_note(f"{error.next_step}.")
    return exit_codes.of_error(error.code)

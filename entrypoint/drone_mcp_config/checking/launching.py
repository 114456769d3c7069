"""Starts a server as a client does, over standard input and output."""

from __future__ import annotations

import math
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO, cast

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from drone_mcp_config.checking.check_result import cleaner_for
from drone_mcp_config.variable_references import Template

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from drone_mcp_config.plan.model import StdioServer

LONGEST_QUOTE = 400  # characters of a failed server's last line in a message


class LaunchFailed(Exception):
    """A server did not start, or did not answer in time.

    Attributes:
        reason: what was observed from outside.
        last_line: the last line that the server wrote to standard error, "" if none; without secrets.
        no_program: whether there is no such program.
    """

    def __init__(self, reason: str, last_line: str = "", *, no_program: bool = False) -> None:
        super().__init__(f"it did not start: {last_line or reason}")
        self.reason = reason
        self.last_line = last_line
        self.no_program = no_program


@dataclass(frozen=True)
class RunningServer:
    """A running server: a client that is connected to it, its tools, and the seconds until it had listed them."""

    client: Client
    tools: tuple[str, ...]
    seconds: float


def from_entry(entry: Mapping[str, Any], environment: Mapping[str, str]) -> StdioServerParameters:
    """Read an entry of `mcpServers` in a written file, with its references filled in as Claude Code does.

    Raises:
        KeyError: with the name of a variable that is not set.
    """

    def fill(text: str) -> str:
        return Template.parse(text).fill(environment)

    return StdioServerParameters(
        command=fill(entry["command"]),
        args=[fill(argument) for argument in entry.get("args", ())],
        env={name: fill(value) for name, value in entry.get("env", {}).items()},
    )


def from_plan(server: StdioServer, environment: Mapping[str, str]) -> StdioServerParameters:
    """Fill in variables as the client would; the server gets no others of the environment.

    Raises:
        KeyError: with the name of a variable that is not set.
    """
    inherited = {name: environment[name] for name in server.inherits if name in environment}
    return StdioServerParameters(
        command=server.command.fill(environment),
        args=[argument.fill(environment) for argument in server.args],
        env=inherited | {name: value.fill(environment) for name, value in server.env.items()},
    )


@asynccontextmanager
async def launched(server: StdioServerParameters, *, patience: float) -> AsyncIterator[RunningServer]:
    """Start a server, connect to it and list its tools; it is ended with the block.

    Raises:
        LaunchFailed: it has not listed its tools after `patience` seconds, or never will.
    """
    began = time.perf_counter()
    running: RunningServer | None = None
    # No pipe: nobody would read it while the server runs, and a full one would block the server.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        try:
            # Around the handshake, too: a server may start and never answer its first request.
            with anyio.fail_after(patience) as limit:
                async with Client(stdio_client(server, errlog=cast("TextIO", stderr))) as client:
                    tools = tuple(tool.name for tool in (await client.list_tools()).tools)
                    # The limit is for the start: the block may take as long as it likes.
                    limit.deadline = math.inf
                    running = RunningServer(client, tools, time.perf_counter() - began)
                    yield running
        except Exception as error:
            if running:  # an error of the block itself
                raise
            raise _failed(error, cast("TextIO", stderr), server, patience) from error


def _failed(error: Exception, stderr: TextIO, server: StdioServerParameters, patience: float) -> LaunchFailed:
    # The client's task groups wrap the error that matters.
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return LaunchFailed(f"there is no program {server.command!r}", no_program=True)
    reason = (
        f"no answer within {patience:g} s" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    )
    clean = cleaner_for(server.env or {})
    stderr.seek(0)
    lines = [line.strip() for line in stderr if line.strip()]
    return LaunchFailed(clean.text(reason), clean.text(lines[-1])[:LONGEST_QUOTE] if lines else "")

"""Doctor's look at a role's servers: each is started over stdio as a client would, and asked for its tools."""

from __future__ import annotations

import io
import tempfile
import time
from typing import TYPE_CHECKING, TextIO

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from drone_mcp_config.checking import Check
from drone_mcp_config.plan import START_SECONDS, Plan, Remote, Server, Stdio
from drone_mcp_config.secrecy import names_a_secret
from drone_mcp_kit.cleaning import Cleaner
from drone_mcp_kit.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PATIENCE = 2 * START_SECONDS  # a slow start is told as slow, not as broken
LONGEST_WORDS = 400


async def check_servers(
    plan: Plan, tools: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]
) -> AsyncIterator[Check]:
    """Yield one check for each server.

    Args:
        plan: what a client starts.
        tools: server name -> the tools that it has to offer, for those whose tools are known.
        environment: where the client would be started.
    """
    for server in plan.servers:
        yield await _check(server, tools.get(server.name), environment)


async def _check(server: Server, tools: tuple[str, ...] | None, environment: Mapping[str, str]) -> Check:
    if isinstance(server, Remote):
        return Check(server.name, "skipped", "it runs elsewhere and is not started by a client")
    try:
        parameters = _parameters(server, environment)
    except KeyError as error:
        mend = f"Set {error.args[0]} where the client is started"
        return Check(server.name, "failed", f"not started: {error.args[0]} is not set", mend)
    secrets = [value for name, value in (parameters.env or {}).items() if names_a_secret(name)]
    cleaner = Cleaner(Redactor(lambda: secrets))
    with io.TextIOWrapper(tempfile.TemporaryFile(), encoding="utf-8", errors="replace") as complaints:
        start = time.monotonic()
        try:
            offered = await _tools(parameters, complaints)
        except TimeoutError:
            return _broken(server, f"no answer within {PATIENCE} s", complaints, cleaner)
        except FileNotFoundError:
            mend = "Install it, or correct its command in the role"
            return Check(server.name, "failed", f"there is no program {parameters.command!r}", mend)
        except Exception as error:  # noqa: BLE001 - whatever a program that is not ours does is a finding
            return _broken(server, _reason(error), complaints, cleaner)
        return _judge(server, offered, tools, time.monotonic() - start)


def _parameters(server: Stdio, environment: Mapping[str, str]) -> StdioServerParameters:
    """Fill in what the client would: nothing of the environment but what the server names reaches it."""
    inherited = {name: environment[name] for name in server.inherits if name in environment}
    return StdioServerParameters(
        command=server.command.fill(environment),
        args=[argument.fill(environment) for argument in server.args],
        env=inherited | {name: value.fill(environment) for name, value in server.env.items()},
    )


async def _tools(parameters: StdioServerParameters, complaints: TextIO) -> list[str]:
    with anyio.fail_after(PATIENCE):
        async with Client(stdio_client(parameters, errlog=complaints)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]


def _judge(server: Stdio, offered: list[str], tools: tuple[str, ...] | None, seconds: float) -> Check:
    detail = f"started, {len(offered)} tool{'s' if len(offered) != 1 else ''}"
    if tools is not None and set(offered) != set(tools):
        differing = ", ".join(sorted(set(offered) ^ set(tools)))
        mend = "Install drone-mcp again: the server and what is known about it differ"
        return Check(server.name, "failed", f"it does not offer the role's tools ({differing})", mend, seconds)
    if seconds > START_SECONDS:
        mend = f"Clients give up after some {START_SECONDS} s: raise theirs (Claude Code: MCP_TIMEOUT, in milliseconds)"
        return Check(server.name, "warning", f"{detail}, but slowly", mend, seconds)
    return Check(server.name, "ok", detail, seconds=seconds)


def _broken(server: Stdio, reason: str, complaints: TextIO, cleaner: Cleaner) -> Check:
    complaints.seek(0)
    said = [line.strip() for line in complaints if line.strip()]
    words = cleaner.text(said[-1])[:LONGEST_WORDS] if said else ""
    detail = f"it did not start ({reason})" if not words else f"it did not start: {words}"
    mend = "Mend what it says" if words else f"Run it by hand to see why: {_command_line(server)}"
    return Check(server.name, "failed", detail, mend)


def _command_line(server: Stdio) -> str:
    return " ".join(
        template.render(lambda reference: f"${reference.name}") for template in (server.command, *server.args)
    )


def _reason(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__

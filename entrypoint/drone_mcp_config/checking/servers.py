"""Checks a role's servers: each is started, or reached where it is served, and asked for its tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
from mcp import MCPError

from ci_mcp_kit.answer import ERROR
from ci_mcp_kit.concurrency import for_each
from drone_mcp_config.checking.check_result import Check, compare_tools
from drone_mcp_config.checking.launching import LaunchFailed, RunningServer, from_plan, launched
from drone_mcp_config.checking.served import check_served
from drone_mcp_config.plan.making import ExpectedTools
from drone_mcp_config.plan.model import START_SECONDS, PlannedServer, RemoteServer, RolePlan, StdioServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from ci_mcp_kit.outgoing_text import Cleaner

# The next step of an error without a known cause leads to this very command.
DOCTOR = "drone-mcp-config doctor"
PATIENCE = 2 * START_SECONDS  # seconds; a slow start is reported as slow, not as broken


async def check_servers(
    plan: RolePlan,
    tools: Mapping[str, ExpectedTools],
    environment: Mapping[str, str],
    probes: Mapping[str, str] | None = None,
) -> AsyncIterator[Check]:
    """Check several servers at once, and yield one check for each, in the order of the plan.

    Args:
        plan: of the role.
        tools: server name -> the tools that it has to offer, where they are known.
        environment: in which the client would be started.
        probes: server name -> the tool that asks its service, of those that are to be asked.
    """

    async def check(server: PlannedServer) -> Check:
        expected, probe = tools.get(server.name, ExpectedTools()), (probes or {}).get(server.name)
        return await _check(server, expected, environment, probe)

    for found in await for_each(plan.servers, check):
        yield found


def report_failures(checks: AsyncIterator[Check], report: Callable[[str], None], clean: Cleaner) -> int:
    """Report every check that failed; return an exit code."""

    async def count() -> int:
        failed = 0
        async for check in checks:
            if check.status == "failed":
                failed += 1
                said = check.cleaned(clean)
                report(f"{said.name}: {said.detail}. {said.fix}.")
        return failed

    return 1 if anyio.run(count) else 0


async def _check(
    server: PlannedServer, tools: ExpectedTools, environment: Mapping[str, str], probe: str | None
) -> Check:
    if isinstance(server, RemoteServer) and server.ours:
        return await check_served(server, tools, environment)
    if isinstance(server, RemoteServer):
        return Check(server.name, "skipped", "it runs elsewhere and is not started by a client")
    try:
        parameters = from_plan(server, environment)
    except KeyError as error:
        fix = f"Set {error.args[0]} where the client is started"
        return Check(server.name, "failed", f"not started: {error.args[0]} is not set", fix)
    try:
        async with launched(parameters, patience=PATIENCE) as running:
            check = _judge(server, running, tools)
            # Only with ours: a tool of others may ignore an argument that it does not know, and do its work.
            if server.ours and running.tools and check.status != "failed":
                wrong = await _try_a_call(server, running)
                return wrong or (await _ask_service(server, running, probe) if probe else None) or check
            return check
    except LaunchFailed as failed:
        return _broken(server, failed)


async def _try_a_call(server: StdioServer, running: RunningServer) -> Check | None:
    """Make a call that a server of ours refuses before it does anything; return a failed check, None if all is well.

    Every tool refuses an argument that it does not know (`INVALID_INPUT`). A server whose environment is wrong, which
    lists its tools like any other, names the variable instead.
    """
    refusal = await _call(server, running, running.tools[0], {"doctor": "checks the environment"})
    if isinstance(refusal, Check) or "variable" not in refusal.get("details", {}):
        return refusal if isinstance(refusal, Check) else None
    fix = "Set it right where the client is started"
    return Check(server.name, "failed", f"started, but no call can work: {refusal['message']}", fix)


async def _ask_service(server: StdioServer, running: RunningServer, probe: str) -> Check | None:
    """Have a server of ours ask its service; return a failed check, None if it was answered or cannot be asked so."""
    refusal = await _call(server, running, probe, {})
    if isinstance(refusal, Check):
        return refusal
    # Where several are configured, the call would have to say which one it is for.
    if not refusal or refusal["code"] == "INVALID_INPUT":
        return None
    fix: str = refusal["next_step"]
    if DOCTOR in fix:
        fix = "Check its address, the network, a VPN and the proxy variables"
    return Check(server.name, "failed", f"started, but cannot ask its service: {refusal['message']}", fix.rstrip("."))


async def _call(
    server: StdioServer, running: RunningServer, tool: str, arguments: Mapping[str, Any]
) -> Check | dict[str, Any]:
    """Return the error that a call of a server of ours is answered with, {} if it succeeds."""
    try:
        with anyio.fail_after(PATIENCE):
            result = await running.client.call_tool(tool, dict(arguments))
    except (MCPError, TimeoutError) as error:
        reason = str(error) or f"no answer within {PATIENCE:g} s"
        return Check(server.name, "failed", f"started, but a call failed: {reason}", "Look at its output on stderr")
    texts = [block.text for block in result.content if block.type == "text"]
    refusal: dict[str, Any] = json.loads(texts[0].removeprefix(ERROR)) if result.is_error and texts else {}
    return refusal


def _judge(server: StdioServer, running: RunningServer, tools: ExpectedTools) -> Check:
    offered, seconds = running.tools, running.seconds
    detail = f"started, {len(offered)} tool{'s' if len(offered) != 1 else ''}"
    fix = "Install drone-mcp again: the server and what is known about it differ"
    if (wrong := compare_tools(server.name, offered, tools, fix, seconds)) is not None:
        return wrong
    if seconds > START_SECONDS:
        fix = f"Clients give up after some {START_SECONDS} s: raise theirs (Claude Code: MCP_TIMEOUT, in milliseconds)"
        return Check(server.name, "warning", f"{detail}, but slowly", fix, seconds)
    return Check(server.name, "ok", detail, seconds=seconds)


def _broken(server: StdioServer, failed: LaunchFailed) -> Check:
    if failed.no_program:
        return Check(server.name, "failed", failed.reason, "Install it, or correct its command in the role")
    if failed.last_line:
        return Check(server.name, "failed", f"it did not start: {failed.last_line}", "Fix the reported error")
    words = (word.render(lambda reference: f"${reference.name}") for word in (server.command, *server.args))
    fix = f"Run it by hand to see why: {' '.join(words)}"
    return Check(server.name, "failed", f"it did not start ({failed.reason})", fix)

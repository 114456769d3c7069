"""Checks whether Drone answers the servers of a plan, with the tokens that each of them is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_config.checking.servers import parameters_of
from drone_mcp_config.drone.check import check_drone
from drone_mcp_config.drone.service import ADDRESS, TOKEN, TOKEN_FILE
from drone_mcp_config.plan.model import RolePlan, StdioServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from drone_mcp_config.checking.check import Check
    from drone_mcp_config.installation.reading import Servers


async def check_access(plan: RolePlan, installed: Servers, environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Yield `doctor`'s checks of Drone for each address and token of the plan's servers.

    Args:
        plan: of the role.
        installed: the servers that there are.
        environment: in which the client would be started.
    """
    seen = set()
    for given, source in _accounts(plan, installed, environment):
        account = tuple(given.get(name) for name in (ADDRESS, TOKEN, TOKEN_FILE))
        if account not in seen:
            seen.add(account)
            async for check in check_drone(given):
                # The user knows the token by the variable that the role takes it from.
                yield replace(check, detail=check.detail.replace(TOKEN, source), mend=check.mend.replace(TOKEN, source))


def _accounts(
    plan: RolePlan, installed: Servers, environment: Mapping[str, str]
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the variables that a server asks Drone with, and the one that the user sets; then those it writes with."""
    guards = {manifest.server: manifest.guard for manifest in installed.values()}
    for server in plan.servers:
        if not (isinstance(server, StdioServer) and server.ours and ADDRESS in server.env):
            continue
        given = dict(parameters_of(server, environment).env or {})
        guard = guards[server.name]
        writes = [guard.token] if guard and given.get(guard.mode) == "on" else []
        for token in (TOKEN, *writes):
            tokens = {TOKEN: given.get(token, ""), TOKEN_FILE: given.get(f"{token}_FILE", "")}
            yield {**given, **tokens}, server.env[token].sole_reference or token

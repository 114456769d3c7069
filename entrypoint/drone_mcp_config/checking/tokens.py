"""Has servers check what their tokens may do: each runs with `--check-access`, in the environment of a client."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import anyio
from mcp.client.stdio import get_default_environment

from ci_mcp_kit.access_check import FLAG
from ci_mcp_kit.concurrency import for_each
from drone_mcp_config.checking.check_result import Check
from drone_mcp_config.checking.launching import from_plan
from drone_mcp_config.plan.model import StdioServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

    from drone_mcp_config.plan.model import RolePlan

PATIENCE = 30.0  # seconds for all tokens of a server


async def check_tokens(plan: RolePlan, names: Collection[str], environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Have several servers check their tokens at once, and yield what each found, in the order of the plan.

    Args:
        plan: of the role.
        names: the servers that can check their tokens.
        environment: in which the client would be started.
    """
    checking = [one for one in plan.servers if isinstance(one, StdioServer) and one.ours and one.name in names]
    for checks in await for_each(checking, partial(_run, environment)):
        for check in checks:
            yield check


async def _run(environment: Mapping[str, str], server: StdioServer) -> list[Check]:
    try:
        parameters = from_plan(server, environment)
        words, variables = [parameters.command, *parameters.args, FLAG], get_default_environment()
        with anyio.fail_after(PATIENCE):
            done = await anyio.run_process(
                words, env=variables | (parameters.env or {}), check=False, stdin=subprocess.DEVNULL
            )
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return [Check(server.name, one["status"], one["detail"], str(one["fix"]).rstrip(".")) for one in found]
    # It does not start, or its environment is wrong: the check of the server itself says so.
    except (KeyError, OSError):
        return []
    except (TimeoutError, ValueError) as error:
        detail = str(error) or f"no answer within {PATIENCE:g} s"
        return [
            Check(server.name, "failed", f"its tokens could not be checked: {detail}", "Look at its output on stderr")
        ]

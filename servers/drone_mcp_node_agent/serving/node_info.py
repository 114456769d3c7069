"""Describes the node itself: its daemon, its container engine, and what is free."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ci_mcp_kit.product_version import VERSION
from drone_mcp_node_agent.auth.callers import Caller, Role
from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_node_agent.runtime.runtime import Runtime


class Node:
    """The node that the daemon runs on.

    Args:
        name: of the node.
        runtime: its container engine.
        state: the folder of the daemon, on the disk whose free space is reported.
        monitored_at: returns when the monitor last looked at the containers, 0 if it has not yet.
    """

    def __init__(self, name: str, runtime: Runtime, state: Path, monitored_at: Callable[[], float]) -> None:
        self._name = name
        self._runtime = runtime
        self._state = state
        self._monitored_at = monitored_at

    async def describe(self, caller: Caller) -> pb.GetNodeResponse:
        """Return what is known of the node, and who asks."""
        memory = _read_memory()
        answer = pb.GetNodeResponse(
            name=self._name,
            agent_version=VERSION,
            memory_total=memory.get("MemTotal", 0),
            memory_free=memory.get("MemAvailable", 0),
            disk_free=shutil.disk_usage(self._state).free,
            caller=caller.name,
            role=Role.ADMIN if Role.ADMIN in caller.roles else Role.READER,
        )
        answer.time.FromNanoseconds(time.time_ns())
        if monitored_at := self._monitored_at():
            answer.monitored_at.FromNanoseconds(int(monitored_at * 1e9))
        try:
            engine = await self._runtime.version()
            answer.runtime, answer.runtime_version = engine.name, engine.version
        except RuntimeFault as fault:
            answer.runtime_error = f"{fault.message}. {fault.next_step}"
        return answer


def _read_memory() -> dict[str, int]:
    """Return the sizes of /proc/meminfo in bytes (proc(5))."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    pairs = (line.split() for line in lines)
    return {name.rstrip(":"): int(size) * 1024 for name, size, *_ in pairs}

"""Writes audit lines of RPCs: one before a change is made, and one with the outcome of every call."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.errors import ServiceFailed
from drone_mcp_node_agent.auth.callers import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.guard.audit_sinks import Sink

logger = logging.getLogger(__name__)

SECONDS: Final = 5.0


class Audit:
    """The audit log of the daemon."""

    def __init__(self, sink: Sink, node: str) -> None:
        self._sink = sink
        self._node = node
        self._lock = anyio.Lock()  # a line continues the chain of the one before

    async def record_start(self, method: str, caller: str, facts: Mapping[str, str]) -> None:
        """Write that a change is about to be made.

        Args:
            method: of the service.
            caller: the name of the token's owner.
            facts: what the change is about.

        Raises:
            ServiceFailed: the line cannot be written, so the change must not be made.
        """
        try:
            await self._append("start", method, caller, facts, "started")
        except (OSError, TimeoutError) as error:
            logger.exception("The audit log cannot be written, so %s of %s was refused", method, caller)
            raise ServiceFailed(
                "The node cannot write its audit log, so nothing was changed",
                next_step="Check log.audit in the node's configuration, and its disk",
                service=SERVICE,
            ) from error

    async def record_outcome(self, method: str, caller: str, facts: Mapping[str, str], outcome: str) -> None:
        """Write how a call ended; where that fails, the log has it."""
        try:
            with anyio.CancelScope(shield=True):
                await self._append("outcome", method, caller, facts, outcome)
        except (OSError, TimeoutError):
            logger.exception("The audit log cannot be written: %s of %s ended with %s", method, caller, outcome)

    async def _append(self, event: str, method: str, caller: str, facts: Mapping[str, str], outcome: str) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "event": event,
            "operation": method,
            "agent": {"caller": caller},
            "node": self._node,
            "outcome": outcome,
            **facts,
        }
        with anyio.fail_after(SECONDS):
            async with self._lock:
                await self._sink.append(line)

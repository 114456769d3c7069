"""Waits for an agent: until it can be talked to, or until it has done its task or needs somebody."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import anyio

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.errors import ServiceError
from fleet_mcp.formatting import ADDRESS_WIDTH, describe_outcome
from fleet_mcp.reading.showing import full_name, state_of
from fleet_mcp.reading.views import WaitView
from fleet_mcp.rules.contract import find_report
from fleet_mcp.rules.state import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coder_client.models import Workspace
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.rules.state import State

    Pause = Callable[[float], Awaitable[None]]
    Report = Callable[[float, float, str], Awaitable[None]]

logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 5.0
GROWTH: Final = 1.5
Until = Literal["ready", "done"]


def is_over(state: State, *, has_task: bool, until: Until) -> bool:
    """Return whether there is nothing left to wait for. Pure."""
    if state.kind in UNDER_WAY:
        return False
    is_at_work = state.kind == "working" or (state.kind == "ready" and has_task)
    return until == "ready" or not is_at_work


@dataclass
class Wait:
    """A wait in progress. `clock` gives the Unix time, `pause` sleeps."""

    access: FleetAccess
    agent: str
    until: Until
    clock: Callable[[], float]
    pause: Pause
    trouble: str = field(default="", init=False)

    async def run(self, seconds: float, report: Report) -> WaitView:
        """Return as soon as there is nothing left to wait for, and at the latest when the time is up.

        Raises:
            ServiceError: the agent cannot be read, and the error is permanent.
        """
        began, pause = self.clock(), FIRST_PAUSE
        seen = await self.access.find(self.agent, include_deleted=True)
        # A slow answer must not make the wait longer than the client waits for it.
        with anyio.move_on_after(seconds):
            while not self._is_over(*seen):
                waited = self.clock() - began
                if waited >= seconds:
                    break
                await report(waited, seconds, f"{self.agent}: {self._state(*seen).text}")
                await self.pause(min(pause, seconds - waited))
                pause = min(LONGEST_PAUSE, pause * GROWTH)
                seen = await self._look_again(seen)
        return self._describe(*seen)

    async def _look_again(self, seen: tuple[Workspace, Assignment]) -> tuple[Workspace, Assignment]:
        """Look once more; a short outage must not end a wait, and the answer mentions it if it lasts."""
        try:
            found = await self.access.find_again(seen[0])
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"Coder could not be asked meanwhile: {error.message}"
            return seen
        self.trouble = ""
        return found

    def _state(self, workspace: Workspace, known: Assignment) -> State:
        return state_of(self.access, workspace, known, datetime.fromtimestamp(self.clock(), UTC))

    def _is_over(self, workspace: Workspace, known: Assignment) -> bool:
        return is_over(self._state(workspace, known), has_task=bool(known.task), until=self.until)

    def _describe(self, workspace: Workspace, known: Assignment) -> WaitView:
        own, over = find_report(workspace), self._is_over(workspace, known)
        return WaitView(
            agent=full_name(workspace),
            finished=over,
            state=self._state(workspace, known).text,
            report=describe_outcome(own.state, own.message) if own else "",
            pull_request=one_line(own.uri, ADDRESS_WIDTH) if own else "",
            note=self.trouble,
            next_step="" if over else "Call fleet_wait_for_agent again",
        )

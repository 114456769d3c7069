"""Waits for an agent: until it can be talked to, or until it has done its task or needs somebody.

Coder streams the changes of a workspace, so a wait takes two requests and little more. The stream omits what follows
from time alone, such as an agent that does not connect in time, and events can get lost between replicas of Coder
(coder/coder v2.36.0, coderd/wspubsub). So the workspace is read now and then all the same, and often without a stream.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import anyio

from ci_mcp_http.sse import SILENCE
from ci_mcp_kit.concurrency import run_until_first
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.outgoing_text import one_line
from coder_client import calls
from coder_client.responses import read_event
from fleet_mcp.quoting import ADDRESS_WIDTH, describe_outcome
from fleet_mcp.reading.agent_state import state_of
from fleet_mcp.reading.showing import full_name
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
TRUSTED: Final = 15.0  # seconds for which an open stream without news means that nothing has changed
LONGEST_SILENCE: Final = 40.0  # seconds without a byte, after which a stream is dead: Coder pings every 15 seconds
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
    _seen: tuple[Workspace, Assignment] = field(init=False)
    _seen_at: float = field(init=False)
    _is_open: bool = field(default=False, init=False)

    async def run(self, seconds: float, report: Report) -> WaitView:
        """Return as soon as there is nothing left to wait for, and at the latest when the time is up.

        Raises:
            ServiceError: the agent cannot be read, and the error is permanent.
        """
        self._see(await self.access.find(self.agent, include_deleted=True))
        if seconds and not self._is_over():
            # A slow answer must not make the wait longer than the client waits for it.
            with anyio.move_on_after(seconds):
                await run_until_first(lambda: self._watch(seconds, report), self._listen)
        return self._describe()

    async def _watch(self, seconds: float, report: Report) -> None:
        """Wait with pauses, and read the workspace after those in which a stream has not shown it."""
        began, pause = self.clock(), FIRST_PAUSE
        while (waited := self.clock() - began) < seconds and not self._is_over():
            await report(waited, seconds, f"{self.agent}: {self._state().text}")
            await self.pause(min(pause, seconds - waited))
            pause = min(LONGEST_PAUSE, pause * GROWTH)
            if not self._is_open or self.clock() - self._seen_at >= TRUSTED:
                await self._look_again()

    async def _look_again(self) -> None:
        """Read the workspace; a short outage must not end a wait, and the answer mentions it if it lasts."""
        try:
            self._see(await self.access.find_by_id(self._seen[0].id))
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"Coder could not be asked meanwhile: {error.message}"

    async def _listen(self) -> None:
        """Take what Coder streams until there is nothing left to wait for; never return where it streams no more."""
        call = calls.watch_workspace(self._seen[0].id)
        coder = await self.access.client()
        try:
            async with aclosing(coder.stream(call, silence=LONGEST_SILENCE)) as events:
                async for event in events:
                    if event is SILENCE:
                        break
                    found = read_event(call, event)
                    self._see((found, await self.access.read_assignment(found)))
                    self._is_open = True
                    if self._is_over():
                        return
        except ServiceError as error:
            logger.info("Asking again and again instead of listening: %s", error)
        self._is_open = False
        await anyio.sleep_forever()

    def _see(self, found: tuple[Workspace, Assignment]) -> None:
        self._seen, self._seen_at, self.trouble = found, self.clock(), ""

    def _state(self) -> State:
        return state_of(self.access.settings, *self._seen, datetime.fromtimestamp(self.clock(), UTC))

    def _is_over(self) -> bool:
        return is_over(self._state(), has_task=bool(self._seen[1].task), until=self.until)

    def _describe(self) -> WaitView:
        workspace, over = self._seen[0], self._is_over()
        own = find_report(workspace)
        return WaitView(
            agent=full_name(workspace),
            finished=over,
            state=self._state().text,
            report=describe_outcome(own.state, own.message) if own else "",
            pull_request=one_line(own.uri, ADDRESS_WIDTH) if own else "",
            note=self.trouble,
            next_step="" if over else "Call fleet_wait_for_agent again",
        )

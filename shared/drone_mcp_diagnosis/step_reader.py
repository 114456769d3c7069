"""Reads the log of a step, whether it is stored, live or missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_logs.log_text import LogText
from drone_mcp_build.failed_steps import NOT_YET, StepRef
from drone_mcp_client.errors import NotFound
from drone_mcp_diagnosis.live_log import LiveRequest, Pace, collect, live_text
from drone_mcp_diagnosis.steps import find

if TYPE_CHECKING:
    from drone_mcp_client.client import DroneClient

LOG_MISSING = "log_missing"
_ANYTHING = LiveRequest()


@dataclass(frozen=True, slots=True)
class LogReading:
    """The result of reading a step: its text, or why there is none.

    Attributes:
        ref: the step, as it stood when this was read.
        text: its log; None where there is none.
        why: why there is none, or a note on the text.
        missing: the error where a log should be there and is not.
    """

    ref: StepRef
    text: LogText | None
    why: str = ""
    missing: NotFound | None = None


@dataclass(frozen=True, slots=True)
class StepReader:
    """Reads the steps of one build."""

    drone: DroneClient
    repo: str
    number: int
    pace: Pace

    async def read(self, ref: StepRef, wish: LiveRequest = _ANYTHING) -> LogReading:
        """Read the log of a step.

        Raises:
            ServiceError: Drone cannot be asked; a log that is not there is an answer.
        """
        if ref.never_ran:
            return LogReading(ref, None, _no_log(ref))
        if ref.step.status == "running":
            return await self._running(ref, wish)
        return await self._stored(ref)

    async def _stored(self, ref: StepRef) -> LogReading:
        try:
            log = await self.drone.log(self.repo, self.number, ref.stage.number, ref.step.number)
        except NotFound as error:
            # A missing build or repository is a 404 as well, and no answer about a log.
            if error.details.get("reason") != LOG_MISSING:
                raise
            missing = _missing(ref, self.number)
            return LogReading(ref, None, f"{missing.message}. {missing.next_step}", missing)
        to_text = partial(LogText.from_raw, log.lines, size=log.size, first_pos=log.first_pos)
        return LogReading(ref, await anyio.to_thread.run_sync(to_text))

    async def _running(self, ref: StepRef, wish: LiveRequest) -> LogReading:
        # Longer than `collect` listens: a quiet step is not a broken stream. Drone writes pings, but flushes them only
        # with the next line (harness/drone v2.25.0, handler/api/events/logs.go).
        tail = self.drone.follow_log(
            self.repo, self.number, ref.stage.number, ref.step.number, quiet=2 * self.pace.total
        )
        writes = await collect(tail, self.pace, wish)
        # `eof` is the normal end of the stream of a step (handler/api/events/logs.go).
        if tail.ended is not None and tail.ended.value == "eof":
            return await self._just_ended(ref)
        text = live_text(writes)
        if not text.lines:
            return LogReading(ref, text, "It runs and has printed nothing so far")
        return LogReading(ref, text)

    async def _just_ended(self, ref: StepRef) -> LogReading:
        """Read the stored log: the stream of a step that ended may lack the end of its text."""
        build = await self.drone.build(self.repo, self.number)
        now = find(build, str(ref.stage.number), str(ref.step.number))[0]
        if now.step.status != "running":
            return await self.read(now)
        # The stream has ended and the step has not: its log may be stored already.
        stored = await self._stored(now)
        if stored.text:
            return stored
        missing = NotFound(
            f"Step {now.label} has neither a live nor a stored log at this moment",
            next_step="Call again in a few seconds: it has just begun or just ended, or Drone was restarted",
            retryable=True,
        )
        return LogReading(now, None, "It runs, but neither a live nor a stored log is there at this moment", missing)


def _no_log(ref: StepRef) -> str:
    status = ref.step.status
    if status in NOT_YET:
        return f"It has not started ({status}), so it has no log yet. Read it once it runs"
    if status == "killed":
        return "It was stopped before it started: it has no log"
    because = ", as a step before it failed or its conditions did not hold" if status == "skipped" else ""
    return f"It was {status}{because}: it has no log"


def _missing(ref: StepRef, number: int) -> NotFound:
    # A cancel marks the step at once (harness/drone v2.25.0, service/canceler); its runner learns of it later.
    if ref.step.status == "killed":
        return NotFound(
            f"The log of step {ref.label} of build {number} is not there: its build was stopped, and the runner "
            "hands the log in only after that",
            next_step="Call again in a few seconds; if it is still missing, it was never handed in or was deleted",
            retryable=True,
        )
    return NotFound(
        f"The log of step {ref.label} of build {number} is not there: it was deleted, or its runner never handed it in",
        next_step="Restart the build for a new log, or read another step or build",
    )

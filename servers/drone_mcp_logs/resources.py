"""The resource: one step's log as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_kit.resources_and_prompts import resource
from ci_mcp_logs.log_rendering import write_log
from drone_mcp_diagnosis.live_log import Pace
from drone_mcp_diagnosis.step_reader import StepReader
from drone_mcp_diagnosis.steps import find, standing
from drone_mcp_diagnosis.views import LOST_HEAD

if TYPE_CHECKING:
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_known.client_and_store import KnownAccess


class LogResources:
    """All resources of this server."""

    def __init__(self, access: KnownAccess, pace: Pace | None = None) -> None:
        self._access = access
        self._pace = pace or Pace()

    @resource(
        "drone://repo/{owner}/{repo}/build/{number}/logs/{stage}/{step}",
        name="step_log",
        title="Log of a step",
        mime_type="text/plain",
        needs="drone_get_build_logs",
    )
    async def step_log(self, owner: str, repo: str, number: int, stage: str, step: str) -> str:
        """The log of one step with line numbers, its last 256 KiB; stage and step are numbers or names."""
        slug = self._access.resolve_repo(f"{owner}/{repo}")
        build = (await self._access.builds.build(slug, number)).build
        ref = find(build, stage, step)[0]
        reading = await StepReader(await self._access.client(), slug, number, self._pace).read(ref)
        if reading.missing:
            raise reading.missing
        head = f"{slug} #{number}, step {standing(reading.ref)}"
        if reading.text is None:
            return f"{head}. {reading.why}"
        return await anyio.to_thread.run_sync(_whole, head, reading.text)


def _whole(head: str, text: LogText) -> str:
    span, log = write_log(text)
    state = ", still running" if text.running else ""
    lost = f"; {LOST_HEAD}" if text.head_lost else ""
    left_out = f" The first {span.start} are left out: drone_get_build_logs reads them." if span.start else ""
    extent = f"Lines {text.first + span.start}-{text.last} of {text.last}{state}{lost}.{left_out}"
    return f"{head}. {extent}\n{log}\n"

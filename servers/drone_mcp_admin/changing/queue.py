"""Pauses and resumes the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from drone_mcp_admin.changing.base import AdminChange, AdminPlan, ReadBack
from drone_mcp_client import calls

if TYPE_CHECKING:
    from ci_mcp_kit.guard.change import Sent


@dataclass(frozen=True, kw_only=True)
class QueueChange(AdminChange):
    """A pause of the queue, or its end."""

    target: str = "queue"

    @override
    async def plan(self) -> AdminPlan:
        now = await self._count()
        state = f"{now['waiting']} stages wait and {now['running']} run now"
        # Whether the queue is paused is no part of the state: Drone has no route that says it.
        if self.name == "pause_queue":
            notes = (state, "No build of any repository starts until the queue is resumed; what runs goes on")
            return self.make_plan("pause the queue of the whole server", calls.pause_queue(), notes=notes)
        notes = (state, "Drone does not show whether the queue is paused; resuming one that is not changes nothing")
        return self.make_plan("resume the queue", calls.resume_queue(), notes=notes)

    async def _count(self) -> dict[str, int]:
        stages = await (await self.access.client()).queue()
        running = sum(stage.status == "running" for stage in stages)
        return {"waiting": len(stages) - running, "running": running}

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        word = "hands out no more work" if self.name == "pause_queue" else "hands out work again"
        return ReadBack(
            message=f"The queue {word}",
            now=await self._count(),
            next_step="Call drone_get_queue_state in a minute: runners take waiting stages within seconds"
            if self.name == "resume_queue"
            else "Resume it with drone_manage_queue; a restart of Drone ends the pause, too",
        )

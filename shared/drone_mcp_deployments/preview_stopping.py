"""Stops the preview of a branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import NotFound
from drone_mcp_build.build_wording import clean_name
from drone_mcp_deployments import plans
from drone_mcp_deployments.change import DeploymentChange
from drone_mcp_deployments.previews import find_preview, read_previews

if TYPE_CHECKING:
    from ci_mcp_kit.guard.change import Plan
    from drone_mcp_build.guard.action import BuildAction
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.plans import DeployPlan


@dataclass(frozen=True, kw_only=True)
class StopPreview(DeploymentChange):
    """One call that stops a preview; `target` may also be its branch."""

    name: str = "stop-preview"

    @override
    def contents(self) -> tuple[Any, ...]:
        return ()

    @override
    async def plan(self) -> DeployPlan:
        drone = await self.access.client()
        newest = await drone.deployments(self.repo)
        preview = find_preview(read_previews(newest, self.stop), self.target)
        if preview is None:
            raise NotFound(
                f"{self.repo} has no preview {clean_name(self.target)!r}",
                next_step="List the previews that are open",
            )
        # Lists have no stages, and those show whether it was approved.
        current = await drone.build(self.repo, preview.deployment.number)
        now = await self.read_situation(drone, preview.target, newest)
        return plans.plan_stop(now, current, preview)

    @override
    async def note_end(self, plan: Plan[BuildAction], new: Build) -> float:
        await self.ends.carry_over(self.repo, plan.action.build, new, self.clock())
        return 0.0

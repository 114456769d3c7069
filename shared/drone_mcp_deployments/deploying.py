"""Deploys a build to a target: one that is named, the newest green one, or the last that was good there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from drone_mcp_build.build_wording import clean_name
from drone_mcp_deployments import plans
from drone_mcp_deployments.change import DeploymentChange
from drone_mcp_deployments.history import deployments_to, find_last_good, find_newest_green
from drone_mcp_deployments.previews import deployed_branch, is_stop

if TYPE_CHECKING:
    from ci_mcp_kit.guard.operation_risk import Operation
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.plans import DeployPlan, Situation


@dataclass(frozen=True, kw_only=True)
class DeployChange(DeploymentChange):
    """One call that deploys a build.

    Attributes:
        number: of the build to deploy, or of the deployment to return to; None to have it found.
        again: whether a commit that runs in the target is deployed all the same.
    """

    name: Literal["create", "update", "rollback"]
    number: int | None = None
    additions: Additions = NOTHING_ADDED
    again: bool = False

    @property
    @override
    def operation(self) -> Operation:
        # To create and to update a deployment is the same to Drone.
        return self.spec.operations["rollback" if self.name == "rollback" else "promote"]

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.number, self.additions.params, self.again

    @override
    def facts(self) -> dict[str, Any]:
        return {**super().facts(), **({} if self.number is None else {"build": self.number})}

    @override
    async def plan(self) -> DeployPlan:
        drone = await self.access.client()
        newest = await drone.deployments(self.repo)
        if self.name == "create" and self.number is not None:
            build = await drone.build(self.repo, self.number)
            now = await self.read_situation(drone, self.target, newest)
            if not self.target:
                now = replace(now, target=plans.name_preview(now.repo, build, now.open_previews))
            return plans.plan_promotion(now, build, self.additions, again=self.again)
        now = await self.read_situation(drone, self.target, newest)
        if self.name == "rollback":
            return plans.plan_rollback(now, await self._read_good(drone, now))
        build = await self._read_newer(drone, now)
        plans.check_same_branch(now, build)
        return plans.plan_promotion(now, build, self.additions)

    async def _read_good(self, drone: DroneClient, now: Situation) -> Build:
        history = [build for build in deployments_to(self.target, now.builds) if not is_stop(build, self.stop)]
        good = find_last_good(history) if history else None
        if self.number is not None:
            good = next((one for one in history if one.number == self.number and one.status == "success"), None)
        if good is None:
            meant = "Another commit that" if self.number is None else f"Deployment {self.number}, as one that"
            raise NotFound(
                f"{meant} was deployed to {clean_name(self.target)!r} with success is not among the newest "
                f"{len(now.builds)} builds of {self.repo}",
                next_step="Look at the history of the target, and deploy the build that is wanted by its number",
            )
        # Lists have no stages, and those show whether it was approved.
        return await drone.build(self.repo, good.number)

    async def _read_newer(self, drone: DroneClient, now: Situation) -> Build:
        number = self.number
        if number is None and now.current is not None:
            newest = find_newest_green(deployed_branch(self.target, now.current), now.builds)
            number = newest.number if newest else None
        if number is None:
            raise NotFound(
                f"There is no build to update {clean_name(self.target)!r} to: nothing was deployed there, or no build "
                f"of its branch among the newest {len(now.builds)} is green",
                next_step="Create the deployment from a build that you name",
            )
        return await drone.build(self.repo, number)

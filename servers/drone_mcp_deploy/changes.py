"""The changes that tools request: how each is planned, recognised afterwards, and described in answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from typing_extensions import override

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.guard.change import Change, Sent
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions
from drone_mcp_build import standing
from drone_mcp_build.build_names import clean_name
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.guard.slow_triggers import reporting
from drone_mcp_build.refs import branch_of
from drone_mcp_deploy import plans
from drone_mcp_deploy.history import deployments_to, find_last_good, find_newest_green
from drone_mcp_deploy.plans import DeployPlan, Situation
from drone_mcp_deploy.views import DeployView

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.guard.change import Plan
    from ci_mcp_kit.guard.operations import Operation
    from ci_mcp_kit.guard.rules import Decision
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.slow_triggers import Report
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build

LOOKED_THROUGH: Final = 300  # newest builds, for earlier deployments and the commits between


@dataclass(frozen=True, kw_only=True)
class DeployChange(Change[BuildAction, DeployView]):
    """One call of a tool that deploys.

    Attributes:
        number: of the build to deploy, or of the deployment to return to; None to have it found.
        again: whether a commit that runs in the target is deployed all the same.
    """

    access: DroneAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    report: Report = field(repr=False)
    kind: Literal["create", "update", "rollback"]
    repo: str
    target: str
    number: int | None = None
    additions: Additions = NOTHING_ADDED
    again: bool = False

    @property
    @override
    def operation(self) -> Operation:
        return OPERATIONS["rollback" if self.kind == "rollback" else "promote"]

    @property
    @override
    def scope(self) -> str:
        return self.repo

    @property
    @override
    def subject(self) -> str:
        return f"The deployment to {clean_name(self.target)}"

    @property
    @override
    def view(self) -> type[DeployView]:
        return DeployView

    @override
    def identity(self) -> tuple[Any, ...]:
        return self.kind, self.repo, self.target, self.number, self.additions.params, self.again

    @override
    def facts(self) -> dict[str, Any]:
        named = {} if self.number is None else {"build": self.number}
        return {"operation": self.operation.name, "repo": self.repo, "target": self.target, **named}

    @override
    async def plan(self) -> DeployPlan:
        drone = await self.access.client()
        now = await self._read_situation(drone)
        if self.kind == "rollback":
            return plans.plan_rollback(now, await self._read_good(drone, now))
        if self.kind == "create" and self.number is not None:
            build = await drone.build(self.repo, self.number)
            return plans.plan_promotion(now, build, self.additions, again=self.again)
        build = await self._read_newer(drone, now)
        plans.check_same_branch(now, build)
        return plans.plan_promotion(now, build, self.additions)

    async def _read_situation(self, drone: DroneClient) -> Situation:
        repo = await drone.repo(self.repo)
        builds = [build async for build in drone.builds(self.repo, limit=LOOKED_THROUGH)]
        current = next(iter(deployments_to(self.target, builds)), None)
        if current is None:
            # It may be older than those builds; Drone's index has the newest of every target.
            current = next(iter(deployments_to(self.target, await drone.deployments(self.repo))), None)
        return Situation(repo=repo, target=self.target, current=current, builds=builds, at=self.clock())

    async def _read_good(self, drone: DroneClient, now: Situation) -> Build:
        history = deployments_to(self.target, now.builds)
        good = find_last_good(history) if history else None
        if self.number is not None:
            good = next((one for one in history if one.number == self.number and one.status == "success"), None)
        if good is None:
            meant = "Another commit that" if self.number is None else f"Deployment {self.number}, as one that"
            raise NotFound(
                f"{meant} was deployed to {clean_name(self.target)!r} with success is not among the newest "
                f"{len(now.builds)} builds of {self.repo}",
                next_step="Look at drone_get_deploy_history, and deploy the build that is wanted with "
                "drone_create_deployment",
            )
        # Lists have no stages, and those show whether it was approved.
        return await drone.build(self.repo, good.number)

    async def _read_newer(self, drone: DroneClient, now: Situation) -> Build:
        number = self.number
        if number is None and now.current is not None:
            newest = find_newest_green(branch_of(now.current), now.builds)
            number = newest.number if newest else None
        if number is None:
            raise NotFound(
                f"There is no build to update {clean_name(self.target)!r} to: nothing was deployed there, or no build "
                f"of its branch among the newest {len(now.builds)} is green",
                next_step="Name the build in drone_create_deployment",
            )
        return await drone.build(self.repo, number)

    @override
    def keeps_decision(self, before: BuildAction, now: BuildAction) -> bool:
        return before.fingerprint == now.fingerprint

    @override
    async def find_effect(self, plan: Plan[BuildAction], index: int) -> Sent | None:
        action, drone = plan.action, await self.access.client()
        made = [
            build
            for build in deployments_to(self.target, [one async for one in drone.builds(self.repo, limit=25)])
            if (build.event, build.parent) == (action.operation.name, action.build.number)
            and build.number > action.newest
        ]
        # Two could be someone else's.
        return Sent((made[0],)) if len(made) == 1 else None

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return reporting(self.report)

    @override
    def describe_nothing(self, plan: Plan[BuildAction]) -> DeployView:
        return self._make_view(plan, "nothing_to_do", plan.nothing)

    @override
    def describe_rehearsal(self, plan: Plan[BuildAction], decision: Decision) -> DeployView:
        off = "the operator of this server can set DRONE_MCP_ACTIONS to on"
        how = "call again without dry_run" if decision.mode == "on" else off
        return self._make_view(
            plan,
            "dry_run",
            f"This would {plan.effect}. Nothing was sent",
            requests=plan.requests,
            needs_confirmation=decision.confirm,
            notes=plan.all_notes,
            next_step=f"To do it, {how}" + ("; it then needs a confirmation" if decision.confirm else ""),
        )

    @override
    async def describe_done(self, plan: Plan[BuildAction], sent: Sent) -> DeployView:
        new = sent.answers[0]
        # Where Drone skips a build, it answers 200 with `null` (harness/drone v2.25.0, trigger/trigger.go).
        if new is None:
            event = plan.action.operation.name
            return self._make_view(
                plan,
                "nothing_started",
                f"Drone started nothing: no pipeline of .drone.yml is triggered by {event!r} with this target",
                requests=plan.requests,
                next_step="Look at the trigger conditions in .drone.yml; calling again changes nothing",
            )
        failed = new.status == "error"
        why = clean_name(new.error) or "Drone does not say why"
        failure = f"Deployment {new.number} was made and failed at once: {why}"
        found = ("Drone did not answer as it should; that it was done shows in the build",) if sent.found else ()
        return self._make_view(
            plan,
            "done",
            failure if failed else f"Started deployment {new.number}",
            deployment=new.number,
            status=new.status,
            cursor=standing.encode(self.repo, new),
            requests=plan.requests,
            notes=found,
            next_step="Correct the pipeline file in the repository and push"
            if failed
            else f"Wait for build {new.number} of {self.repo} with this cursor, and look how it ends",
        )

    @override
    def describe_repeated(self, earlier: DeployView) -> DeployView:
        note = "The same call was answered less than a minute ago; nothing was sent again"
        return earlier.model_copy(update={"outcome": "repeated", "notes": (*earlier.notes, note)})

    def _make_view(self, plan: Plan[BuildAction], outcome: str, message: str, **more: Any) -> DeployView:
        commits = {"added": plan.added, "removed": plan.removed} if isinstance(plan, DeployPlan) else {}
        shown: dict[str, Any] = {"outcome": outcome, "message": message, **commits, **more}
        return DeployView(repo=self.repo, target=self.target, source=plan.action.build.number, **shown)

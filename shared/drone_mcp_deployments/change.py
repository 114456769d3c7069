"""What all changes of a deployment share: what they read, how a lost answer is looked for, and their answers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.change import Change, Sent
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.guard.action import BuildAction
from drone_mcp_build.guard.new_build_answer import (
    STEP_WHERE_SKIPPED,
    describe_new_build,
    explain_failed_start,
    find_only_build,
    note_found,
)
from drone_mcp_build.guard.trigger_heartbeat import reporting
from drone_mcp_build.iso_time import format_time
from drone_mcp_deployments.history import deployments_to
from drone_mcp_deployments.plans import DeployPlan, Situation
from drone_mcp_deployments.preview_names import is_preview
from drone_mcp_deployments.spec import DEPLOY_GUARD
from drone_mcp_deployments.views import DeployView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.guard.change import Plan
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.trigger_heartbeat import Report
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.preview_ends import PreviewEnds

LOOKED_THROUGH: Final = 300  # newest builds, for earlier deployments and the commits between
_EVENTS: Final = {"stop-preview": "promote"}  # operation -> the event of the build that it starts, if not its name


@dataclass(frozen=True, kw_only=True)
class DeploymentChange(Change[BuildAction, DeployView]):
    """One change of what runs in a target of a repository.

    Attributes:
        access: reads from Drone.
        clock: gives the Unix time.
        report: reports progress to whoever waits.
        ends: the ends of previews.
        stop: the parameter that stops a preview, and its value.
        target: "" for the preview of the build's branch.
    """

    spec: ClassVar[GuardSpec] = DEPLOY_GUARD

    access: DroneAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    report: Report = field(repr=False)
    ends: PreviewEnds = field(repr=False)
    stop: tuple[str, str] = field(repr=False)
    repo: str
    target: str = ""

    @property
    @override
    def scope(self) -> str:
        return self.repo

    @property
    @override
    def subject(self) -> str:
        return f"The deployment to {clean_name(self.target)}" if self.target else "The preview"

    @property
    @override
    def view(self) -> type[DeployView]:
        return DeployView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.repo, self.target

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | ({"target": self.target} if self.target else {})

    @override
    @abstractmethod
    async def plan(self) -> DeployPlan: ...

    async def read_situation(self, drone: DroneClient, target: str, newest: Sequence[Build]) -> Situation:
        """Read what a plan for a target depends on; `newest` has the newest deployment of each target."""
        return Situation(
            repo=await drone.repo(self.repo),
            target=target,
            newest=newest,
            builds=[build async for build in drone.builds(self.repo, limit=LOOKED_THROUGH)],
            stop=self.stop,
            at=self.clock(),
        )

    @override
    async def find_effect(self, plan: Plan[BuildAction], index: int) -> Sent | None:
        action, drone = plan.action, await self.access.client()
        event = _EVENTS.get(action.operation.name, action.operation.name)
        made = [
            build
            for build in deployments_to(action.target, [one async for one in drone.builds(self.repo, limit=25)])
            if (build.event, build.parent) == (event, action.build.number) and build.number > action.newest
        ]
        return find_only_build(made)

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return reporting(self.report)

    @override
    def describe(self, plan: Plan[BuildAction], outcome: str, message: str, **fields: Any) -> DeployView:
        commits = {"added": plan.added, "removed": plan.removed} if isinstance(plan, DeployPlan) else {}
        return DeployView(
            repo=self.repo,
            target=plan.action.target,
            source=plan.action.build.number,
            outcome=outcome,
            message=message,
            requests=plan.requests,
            **{**commits, **fields},
        )

    @override
    async def describe_done(self, plan: Plan[BuildAction], sent: Sent) -> DeployView:
        new, name = sent.answers[0], plan.action.operation.name
        if new is None:
            return self.describe(
                plan,
                "nothing_started",
                f"Drone started nothing: no pipeline of .drone.yml is triggered by {_EVENTS.get(name, name)!r} with "
                "this target",
                next_step=STEP_WHERE_SKIPPED,
            )
        until = await self.note_end(plan, new)
        return self.describe(
            plan,
            "done",
            explain_failed_start("Deployment", new) or f"Started deployment {new.number}",
            deployment=new.number,
            ends=format_time(int(until)),
            notes=note_found(sent),
            **describe_new_build(self.repo, new),
        )

    async def note_end(self, plan: Plan[BuildAction], new: Build) -> float:  # noqa: ARG002 - for a change that stops
        """Note when the preview of a new deployment ends; return that Unix time, 0 where there is none."""
        return await self.ends.begin(self.repo, new, self.clock()) if is_preview(new.deploy_to) else 0.0

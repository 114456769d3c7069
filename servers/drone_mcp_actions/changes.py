"""The changes that tools request: how each is planned, recognised afterwards, and described in answers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.change import Change, Sent
from drone_mcp_actions import plans, reports
from drone_mcp_actions.plans import has_ended
from drone_mcp_actions.views import ActionView, view_of
from drone_mcp_build.guard.action import BuildAction
from drone_mcp_build.guard.new_build_answer import find_only_build
from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_build.guard.trigger_heartbeat import reporting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.guard.rules import Decision
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_actions.plans import BuildPlan
    from drone_mcp_actions.views import Outcome
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.trigger_heartbeat import Report


LOOKED_THROUGH: Final = 25  # builds, from the newest on, for one that a restart has made


@dataclass(frozen=True, kw_only=True)
class BuildChange(Change[BuildAction, ActionView]):
    """One call of a tool of this server; `access` reads the build.

    Attributes:
        stage: the one that is meant; None: all that wait.
        additions: to a restart.
    """

    spec: ClassVar[GuardSpec] = BUILD_GUARD

    access: DroneAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    report: Report = field(repr=False)
    repo: str
    number: int
    stage: int | None = None
    additions: Additions = NOTHING_ADDED

    @property
    @override
    def scope(self) -> str:
        return self.repo

    @property
    @override
    def subject(self) -> str:
        return f"Build {self.number}"

    @property
    @override
    def view(self) -> type[ActionView]:
        return view_of(self.name)

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.repo, self.number

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.stage, self.additions.params, self.additions.switches

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"build": self.number}

    @override
    async def plan(self) -> BuildPlan:
        drone = await self.access.client()
        build = await drone.build(self.repo, self.number)
        match self.name:
            case "restart":
                # Only a restart can pass by an approval, so only it needs to know whether the repository is protected.
                plan = plans.plan_restart(await drone.repo(self.repo), build, self.additions)
            case "stop":
                plan = plans.plan_stop(self.repo, build)
            case "approve":
                plan = plans.plan_approve(self.repo, build, self.stage)
            case _:
                plan = plans.plan_decline(self.repo, build, self.stage)
        return replace(plan, action=replace(plan.action, at=self.clock()))

    @override
    def keeps_decision(self, before: BuildAction, now: BuildAction) -> bool:
        # Asked where Drone answers 409 because the build has changed since it was read. The person has agreed to these
        # stages, and to passing by an approval; that a step has ended meanwhile makes no difference to them.
        return (before.stages, before.unapproved) == (now.stages, now.unapproved)

    @override
    async def find_effect(self, plan: BuildPlan, index: int) -> Sent | None:
        drone = await self.access.client()
        if self.name == "restart":
            newest = [build async for build in drone.builds(self.repo, limit=LOOKED_THROUGH)]
            # Without the number of the newest build before it, an earlier restart could not be distinguished from this.
            if not plan.action.newest:
                return None
            made = [one for one in newest if one.parent == self.number and one.number > plan.action.newest]
            return find_only_build(made)
        build = await drone.build(self.repo, self.number)
        if self.name == "stop":
            return Sent((build,)) if has_ended(build) else None
        asked = plan.action.stages[index]
        status = next((stage.status for stage in build.stages if stage.number == asked), "blocked")
        shown = status == "declined" if self.name == "decline" else status not in {"blocked", "declined"}
        return Sent((None,)) if shown else None  # Drone's answer to a decision has no content

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return reporting(self.report) if self.name == "restart" else super().while_sending()

    @override
    def describe(self, plan: BuildPlan, outcome: Outcome, message: str, **fields: Any) -> ActionView:
        return reports.make_view(plan, outcome, message, **fields)

    @override
    def describe_nothing(self, plan: BuildPlan) -> ActionView:
        build = plan.action.build
        return self.describe(
            plan, "nothing_to_do", plan.nothing, status=build.status, stages=reports.list_stages(build)
        )

    @override
    def describe_rehearsal(self, plan: BuildPlan, decision: Decision) -> ActionView:
        return super().describe_rehearsal(plan, decision).model_copy(update={"status": plan.action.build.status})

    @override
    async def describe_done(self, plan: BuildPlan, sent: Sent) -> ActionView:
        now = None
        if plan.action.stages:
            # Drone's response to an approval or a refusal is empty, so the build is read again; if that
            # fails, the answer omits its status.
            with suppress(ServiceError):
                now = await (await self.access.client()).build(self.repo, self.number)
        return reports.report_done(plan, sent, now)

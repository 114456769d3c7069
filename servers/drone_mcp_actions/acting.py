"""One call of a tool, from the first check to the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.types import InputRequiredResult

from drone_mcp_actions import plans, reports
from drone_mcp_actions.reports import Sent
from drone_mcp_build.guard.audit import target
from drone_mcp_build.guard.operations import OPERATIONS
from drone_mcp_client.errors import Conflict, ServiceError, ServiceFailed, TimedOut, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.mcpserver import Context

    from drone_mcp_actions.plans import Plan
    from drone_mcp_actions.repeating import Recent
    from drone_mcp_actions.views import ActionView
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.guard import Guard, Warrant
    from drone_mcp_build.guard.rules import Decision
    from drone_mcp_client.models import Build

# After these nobody knows whether Drone has done it.
LEFT_OPEN = (TimedOut, Unreachable, ServiceFailed)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a tool was called for."""

    operation: str
    repo: str
    number: int
    stage: int | None = None
    params: tuple[tuple[str, str], ...] = ()
    debug: bool = False

    async def plan(self, access: DroneAccess) -> Plan:
        """Read the build as it is now, and plan."""
        drone = await access.client()
        build = _clean(await drone.build(self.repo, self.number), access)
        if self.operation == "restart":
            return plans.restart(await drone.repo(self.repo), build, dict(self.params), debug=self.debug)
        if self.operation == "stop":
            return plans.stop(self.repo, build)
        answer = plans.approve if self.operation == "approve" else plans.decline
        return answer(self.repo, build, self.stage)


def _clean(build: Build, access: DroneAccess) -> Build:
    """Rid what a person is shown of what is not for their eyes; the rest of the build stays as it is."""
    texts = ("title", "message", "author_login", "author_name")
    return build.model_copy(update={name: access.clean.text(getattr(build, name)) for name in texts})


class Actor:
    """Does what a tool was called for, through the guard."""

    def __init__(self, access: DroneAccess, guard: Guard, recent: Recent, clock: Callable[[], float]) -> None:
        self._access = access
        self._guard = guard
        self._recent = recent
        self._clock = clock

    async def act(
        self, context: Context[Any, Any], wish: Wish, *, dry_run: bool, token: str | None
    ) -> ActionView | InputRequiredResult:
        """Check, rehearse or confirm and do; the answer, or what ends this round of the call."""
        await self._guard.admit(OPERATIONS[wish.operation], wish.repo)
        rehearses = dry_run or self._guard.rules.mode != "on"
        earlier = None if rehearses else await self._recent.find(wish, self._clock())
        if earlier is not None:
            return await self._repeated(wish, earlier)
        plan = await wish.plan(self._access)
        if plan.nothing:
            return await self._nothing(plan)
        decision = await self._guard.check(plan.action)
        if rehearses:
            return await self._rehearse(plan, decision)
        confirmed = await self._confirmed(context, wish, plan, decision, token)
        return confirmed if isinstance(confirmed, InputRequiredResult) else await self._do(wish, plan, confirmed)

    async def _repeated(self, wish: Wish, earlier: ActionView) -> ActionView:
        await self._guard.audit.try_note("repeated", operation=wish.operation, repo=wish.repo, build=wish.number)
        return earlier

    async def _nothing(self, plan: Plan) -> ActionView:
        await self._guard.audit.try_note("nothing", **target(plan.action))
        return reports.nothing(plan)

    async def _rehearse(self, plan: Plan, decision: Decision) -> ActionView:
        await self._guard.audit.try_note(
            "dry-run", decision="allowed", rule=decision.rule, sends=plan.requests, **target(plan.action)
        )
        return reports.rehearsed(plan, confirm=decision.confirm, off=decision.mode != "on")

    async def _confirmed(
        self, context: Context[Any, Any], wish: Wish, plan: Plan, decision: Decision, token: str | None
    ) -> str | InputRequiredResult:
        """Have it confirmed, if it must be; a person takes their time, so the build is then read once more."""
        if not decision.confirm:
            return ""
        confirmed = await self._guard.confirm(context, plan.action, plan.question, token)
        if not isinstance(confirmed, InputRequiredResult):
            again = await wish.plan(self._access)
            if again.action.fingerprint != plan.action.fingerprint:
                raise Conflict(f"Build {wish.number} has moved on while its confirmation was under way")
        return confirmed

    async def _do(self, wish: Wish, plan: Plan, confirmed: str) -> ActionView:
        earlier = await self._recent.begin(wish, self._clock())
        if earlier is not None:
            return await self._repeated(wish, earlier)
        try:
            plan, sent = await self._send(wish, plan, confirmed)
        except LEFT_OPEN:
            await self._recent.unanswered(wish, self._clock())
            raise
        except ServiceError:
            await self._recent.forget(wish)
            raise
        view = reports.done(plan, sent, await self._read(plan)) if sent.answers else reports.nothing(plan)
        await self._recent.answered(wish, view, self._clock())
        return view

    async def _send(self, wish: Wish, plan: Plan, confirmed: str) -> tuple[Plan, Sent]:
        """Send; where the build changed in between, read it and decide again, once."""
        try:
            warrant = await self._guard.begin(plan.action, confirmed)
            return plan, await self._carry_out(plan, warrant)
        except Conflict:
            again = await wish.plan(self._access)
        if again.nothing:
            return again, Sent()
        if again.action.stages != plan.action.stages or again.action.unapproved != plan.action.unapproved:
            raise Conflict(f"Build {wish.number} has changed so much that it takes a new decision")
        warrant = await self._guard.begin_again(again.action, confirmed)
        return again, await self._carry_out(again, warrant)

    async def _carry_out(self, plan: Plan, warrant: Warrant) -> Sent:
        """Send call after call; what fails after the first success ends it and is told."""
        answers: list[Any] = []
        for call in plan.calls:
            try:
                answers.append(await self._guard.send(warrant, call))
            except ServiceError as error:
                if not answers:
                    raise
                return Sent(tuple(answers), error)
        return Sent(tuple(answers))

    async def _read(self, plan: Plan) -> Build | None:
        """Read the build after stages of it were decided on; what Drone cannot tell now changes nothing."""
        if not plan.action.stages:
            return None
        try:
            drone = await self._access.client()
            return await drone.build(plan.action.repo, plan.action.build.number)
        except ServiceError:
            return None

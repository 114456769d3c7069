"""The changes that tools ask for: how they are planned and described."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.change import Change, Plan, Sent
from slipway_mcp.client import get_release, stop_release
from slipway_mcp.guarding import RELEASE_GUARD, STOP, ReleaseAction
from slipway_mcp.views import StopView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec
    from slipway_mcp.access import SlipwayAccess
    from slipway_mcp.views import Outcome


@dataclass(frozen=True, kw_only=True)
class StopRelease(Change[ReleaseAction, StopView]):
    """One call of the tool that stops a release; `access` reads it."""

    spec: ClassVar[GuardSpec] = RELEASE_GUARD

    name: str = "stop"
    access: SlipwayAccess = field(repr=False)
    app: str
    number: int

    @property
    @override
    def scope(self) -> str:
        return self.app

    @property
    @override
    def subject(self) -> str:
        return f"Release {self.number}"

    @property
    @override
    def view(self) -> type[StopView]:
        return StopView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.app, self.number

    @override
    def contents(self) -> tuple[Any, ...]:
        # Not `dry_run` and not the confirmation: the same change confirmed a moment later is the same call.
        return ()

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"release": self.number}

    @override
    async def plan(self) -> Plan[ReleaseAction]:
        # Read on every call, as the guard plans again after a confirmation and after a conflict.
        slipway = await self.access.client()
        release = await slipway.send(get_release(self.app, self.number))
        calls = () if release.is_over else (stop_release(self.app, self.number),)
        action = ReleaseAction(operation=STOP, scope=self.app, release=release, calls=calls)
        if release.is_over:
            return Plan(action=action, effect="", nothing=f"Release {self.number} is {release.state} already")
        # Cleaned already here, because the question to a person does not pass through a view.
        author = self.access.clean.text(release.author)
        return Plan(
            action=action,
            calls=calls,
            effect=f"stop release {self.number} of {self.app}" + (f", which {author} started" if author else ""),
            notes=("What has been rolled out stays as it is",),
        )

    @override
    def keeps_decision(self, before: ReleaseAction, now: ReleaseAction) -> bool:
        # Stopping means the same in every state. Where a newer state could change a person's mind, compare it here.
        return True

    @override
    async def find_effect(self, plan: Plan[ReleaseAction], index: int) -> Sent | None:
        # Asked where an answer was lost: the release itself shows whether it was stopped.
        release = await (await self.access.client()).send(get_release(self.app, self.number))
        return Sent((release,)) if release.is_over else None

    @override
    def describe(self, plan: Plan[ReleaseAction], outcome: Outcome, message: str, **fields: Any) -> StopView:
        return StopView(
            app=self.app, number=self.number, outcome=outcome, message=message, requests=plan.requests, **fields
        )

    @override
    def describe_nothing(self, plan: Plan[ReleaseAction]) -> StopView:
        return self.describe(plan, "nothing_to_do", plan.nothing, state=plan.action.release.state)

    @override
    async def describe_done(self, plan: Plan[ReleaseAction], sent: Sent) -> StopView:
        state = sent.answers[0].state
        return self.describe(plan, "done", f"Release {self.number} is {state}", state=state)

"""The parts that all changes of this server have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.change import Change, Plan, Sent
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_admin.changing.views import ChangeView
from drone_mcp_admin.guard.action import SERVER, AdminAction
from drone_mcp_admin.guard.spec import ADMIN_GUARD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_admin.access import AdminAccess

AdminPlan = Plan[AdminAction]

WIDTH: Final = 120  # characters of a value in a sentence


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What Drone shows after a change: a sentence, the fields, and the names of what it dropped."""

    message: str
    now: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class AdminChange(Change[AdminAction, ChangeView], ABC):
    """One call of a tool that changes something.

    Attributes:
        place: the scope: "owner/name", "org:name" or "server".
        target: what is changed in it, like "secret NPM_TOKEN"; "" for the scope itself.
    """

    spec: ClassVar[GuardSpec] = ADMIN_GUARD

    access: AdminAccess = field(repr=False)
    place: str
    target: str = ""

    @property
    @override
    def scope(self) -> str:
        return self.place

    @property
    @override
    def subject(self) -> str:
        return begin_sentence(self.label)

    @property
    def label(self) -> str:
        """The subject within a sentence: "secret NPM_TOKEN of octo/hello"."""
        if self.place == SERVER:
            return self.target
        return f"{self.target} of {self.place}" if self.target else self.place

    @property
    @override
    def view(self) -> type[ChangeView]:
        return ChangeView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.place, self.target

    @override
    def contents(self) -> tuple[Any, ...]:
        return ()

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"target": self.target}

    @override
    async def find_effect(self, plan: AdminPlan, index: int) -> Sent | None:
        # Where a new plan has nothing left to do, the one whose answer was lost has been carried out.
        is_last = index == len(plan.calls) - 1
        return Sent((None,)) if is_last and (await self.plan()).nothing else None

    def make_plan(
        self,
        effect: str,
        *calls: Call[Any],
        state: tuple[Any, ...] = (),
        notes: tuple[str, ...] = (),
        at_least: Risk = Risk.LOW,
        **more: Any,
    ) -> AdminPlan:
        """Return a plan that sends calls."""
        action = AdminAction(
            operation=self.operation,
            scope=self.place,
            target=self.target,
            state=state,
            calls=calls,
            at_least=at_least,
            **more,
        )
        return AdminPlan(action=action, calls=calls, effect=effect, notes=notes)

    def plan_nothing(self, why: str, state: tuple[Any, ...] = ()) -> AdminPlan:
        """Return a plan that sends nothing."""
        action = AdminAction(operation=self.operation, scope=self.place, target=self.target, state=state)
        return AdminPlan(action=action, effect="", nothing=f"{why}. Nothing was sent")

    @abstractmethod
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        """Read what Drone has after all calls were answered."""

    def report_deletion(self, *, is_there: bool) -> ReadBack:
        """Report whether the subject is gone."""
        if is_there:
            return ReadBack(message=f"Drone accepted the call, and still has {self.label}", dropped=(self.target,))
        return ReadBack(message=f"{self.subject} is deleted")

    @override
    def describe(self, plan: AdminPlan, outcome: str, message: str, **fields: Any) -> ChangeView:
        return ChangeView(
            scope=self.place,
            target=self.target,
            outcome=outcome,
            message=message,
            requests=plan.requests,
            **fields,
        )

    @override
    async def describe_done(self, plan: AdminPlan, sent: Sent) -> ChangeView:
        shown: dict[str, Any] = {"notes": plan.notes}
        if sent.found:
            shown["notes"] = (*plan.notes, "Drone did not answer as it should; that it was done shows in its state")
        if sent.failed is not None:
            left = plan.requests[len(sent.answers) :]
            return self.describe(
                plan,
                "partly_done",
                f"Only a part was done: {sent.failed.message}. Not done: {'; '.join(left)}",
                **shown,
                next_step=f"{sent.failed.next_step}. Then call again with the same arguments",
            )
        back = None
        # What was done is done, whether or not it can be read afterwards.
        with suppress(ServiceError):
            back = await self.read_back(plan, sent)
        if back is None:
            message = f"Drone has accepted it: {plan.effect}. It could not be read again"
            return self.describe(plan, "done", message, **shown, next_step="Read it before you rely on it")
        return self.describe(
            plan, "done", back.message, **shown, now=dict(back.now), dropped=back.dropped, next_step=back.next_step
        )


def show(value: Any) -> str:
    """Show a value in a sentence."""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else repr(one_line(value, WIDTH))
        if isinstance(value, str)
        else str(value)
    )


def find_dropped(wanted: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what was sent and is not there, a sentence each."""
    return tuple(
        f"{name}: sent {show(value)}, Drone has {show(now.get(name))}"
        for name, value in wanted.items()
        if now.get(name) != value
    )

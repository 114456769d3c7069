"""What all changes of agents have in common: how they are recognised, planned and described."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import Conflict, InvalidInput
from ci_mcp_kit.guard.change import Change, Plan, Sent
from coder_client.calls import LONGEST_VALUE
from coder_client.errors import CODER_WRITES
from coder_client.models import Build, Workspace
from fleet_mcp.guard.rules import OPERATIONS, FleetAction, Request
from fleet_mcp.reading.showing import full_name
from fleet_mcp.writing.views import ChangedView

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.operations import Operation, Risk
    from ci_mcp_kit.guard.rules import Decision
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.writing.views import Outcome

A_DAY: Final = 86_400.0  # seconds for which the answer to a call with a key is kept
ACTIVE: Final = frozenset({"pending", "running", "canceling"})


class AgentReader:
    """Reads the agent of a change; what was read to find its project serves the first plan, too."""

    def __init__(self, access: FleetAccess, agent: str) -> None:
        self._access = access
        self._agent = agent
        self._fresh: tuple[Workspace, Assignment] | None = None

    async def find_project(self) -> str:
        """Read the agent and return its project."""
        self._fresh = await self._access.find(self._agent)
        return self._fresh[1].project

    async def read(self) -> tuple[Workspace, Assignment]:
        """Return the agent as it is now."""
        fresh, self._fresh = self._fresh, None
        return fresh or await self._access.find(self._agent)


@dataclass(frozen=True, kw_only=True)
class FleetChange(Change[FleetAction, ChangedView], ABC):
    """One call of a tool that changes something.

    Attributes:
        access: reads from Coder.
        clock: gives the Unix time.
        name: of the operation.
        agent: as the caller writes it.
        project: of the agent.
        once: a key; a call with the same key changes nothing again.
    """

    access: FleetAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    name: str
    agent: str
    project: str
    once: str = ""

    @property
    @override
    def operation(self) -> Operation:
        return OPERATIONS[self.name]

    @property
    @override
    def scope(self) -> str:
        return self.project

    @property
    @override
    def subject(self) -> str:
        return f"Agent {self.agent}"

    @property
    @override
    def view(self) -> type[ChangedView]:
        return ChangedView

    @property
    @override
    def window(self) -> float:
        return A_DAY if self.once else super().window

    @override
    def identity(self) -> tuple[Any, ...]:
        facts = (self.name, self.agent.lower(), self.project.lower())
        return (*facts, "once", self.once) if self.once else (*facts, *self.contents())

    @abstractmethod
    def contents(self) -> tuple[Any, ...]:
        """Return the arguments that make two calls without a key the same call, as JSON values."""

    @override
    def facts(self) -> dict[str, Any]:
        return {"operation": self.name, "project": self.project, "agent": self.agent}

    @override
    def keeps_decision(self, before: FleetAction, now: FleetAction) -> bool:
        return before.fingerprint == now.fingerprint

    @override
    def describe_nothing(self, plan: Plan[FleetAction]) -> ChangedView:
        return make_view(plan, "nothing_to_do", plan.nothing, notes=plan.notes)

    @override
    def describe_rehearsal(self, plan: Plan[FleetAction], decision: Decision) -> ChangedView:
        off = decision.mode != "on"
        how = "the operator of this server can set FLEET_ACTIONS to on" if off else "call again without dry_run"
        return make_view(
            plan,
            "dry_run",
            f"this would {plan.effect}. Nothing was sent",
            requests=plan.requests,
            needs_confirmation=decision.confirm,
            notes=plan.notes,
            next_step=f"To do it, {how}" + ("; it then takes a confirmation" if decision.confirm else ""),
        )

    @override
    async def describe_done(self, plan: Plan[FleetAction], sent: Sent) -> ChangedView:
        answer = sent.answers[0]
        build = answer.latest_build if isinstance(answer, Workspace) else answer if isinstance(answer, Build) else None
        notes = ("Coder did not answer as it should; the change was found to be made",) if sent.found else ()
        return make_view(
            plan,
            "done",
            f"begun: {plan.effect}" if build else f"done: {plan.effect}",
            build=build.build_number if build else None,
            requests=plan.requests,
            notes=notes,
            next_step=self.next_step(plan),
        )

    def next_step(self, plan: Plan[FleetAction]) -> str:
        """Return what to do after the change."""
        return f"Call fleet_wait_for_agent with agent {plan.action.agent}"

    @override
    def describe_repeated(self, earlier: ChangedView) -> ChangedView:
        when = "with this key" if self.once else "less than a minute ago"
        note = f"The same call was answered {when}; nothing was sent again"
        return earlier.model_copy(update={"outcome": "repeated", "notes": (*earlier.notes, note)})


def make_action(
    name: str, project: str, agent: str, calls: tuple[Call[Any], ...], *, risk: Risk | None = None, state: Any = ()
) -> FleetAction:
    """Return the action that sends these calls."""
    operation = OPERATIONS[name]
    requests = tuple(Request.of(call) for call in calls)
    return FleetAction(
        operation=operation,
        project=project,
        agent=agent,
        state=tuple(state),
        risk=risk or operation.risk,
        requests=requests,
    )


def make_view(plan: Plan[FleetAction], outcome: Outcome, message: str, **more: Any) -> ChangedView:
    """Return an answer about the agent of a plan."""
    action = plan.action
    return ChangedView(
        agent=action.agent,
        project=action.project,
        operation=action.operation.name,
        outcome=outcome,
        message=f"{message[0].upper()}{message[1:]}",
        **more,
    )


def check_text(text: str, what: str) -> str:
    """Return a text for an agent.

    Raises:
        InvalidInput: it is blank, or so long that builds would fail.
    """
    if not text.strip():
        raise InvalidInput(f"The {what} is empty", next_step=f"Say in {what} what the agent is to do")
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_VALUE:
        raise InvalidInput(
            f"The {what} has more than {LONGEST_VALUE // 1024} KiB",
            next_step="Shorten it, for example by naming a file or an issue that holds the details",
        )
    return text


def check_idle(workspace: Workspace) -> None:
    """Refuse a build while another one is under way, as Coder does.

    Raises:
        Conflict: one is.
    """
    if workspace.latest_build.job.status in ACTIVE:
        raise Conflict(
            f"A {workspace.latest_build.transition} build of {full_name(workspace)} is under way",
            next_step="Call fleet_wait_for_agent, then call again",
            service=CODER_WRITES,
        )

"""The changes that are builds: starting a task, stopping, recording a pull request, deleting."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput, ServiceError
from ci_mcp_kit.guard.change import Plan, Sent
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.outgoing_text import one_line
from coder_client import calls
from fleet_mcp.quoting import MESSAGE_WIDTH, describe_outcome, quote_line
from fleet_mcp.reading.agent_state import state_of
from fleet_mcp.reading.messages import find_conversation
from fleet_mcp.reading.showing import full_name
from fleet_mcp.rules.contract import find_outcome
from fleet_mcp.rules.links import read_link
from fleet_mcp.rules.state import REACHABLE
from fleet_mcp.writing.base import FleetChange, check_idle

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from coder_client.models import Workspace
    from fleet_mcp.guard.rules import FleetAction
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.rules.state import State
    from fleet_mcp.writing.base import AgentReader
    from fleet_mcp.writing.views import ChangedView

AT_WORK: Final = frozenset({"working", "silent", "ready"})


@dataclass(frozen=True, kw_only=True)
class BuildChange(FleetChange):
    """A change of an agent that exists. `reader` reads it."""

    reader: AgentReader = field(repr=False)

    @override
    async def plan(self) -> Plan[FleetAction]:
        workspace, known = await self.reader.read()
        now = datetime.fromtimestamp(self.clock(), UTC)
        return self.plan_on(workspace, known, state_of(self.access.settings, workspace, known, now))

    @abstractmethod
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        """Plan on the agent as it is now."""

    def make_plan(
        self, workspace: Workspace, state: State, call: Call[Any], effect: str, *notes: str, at_least: Risk = Risk.LOW
    ) -> Plan[FleetAction]:
        """Return the plan that sends one call."""
        facts = (workspace.latest_build.build_number, state.kind)
        action = self.make_action(full_name(workspace), call, state=facts, at_least=at_least)
        return Plan(action=action, calls=(call,), effect=effect, notes=tuple(note for note in notes if note))

    def nothing(self, workspace: Workspace, state: State, reason: str) -> Plan[FleetAction]:
        """Return the plan where there is nothing to do."""
        facts = (workspace.latest_build.build_number, state.kind)
        action = self.make_action(full_name(workspace), state=facts)
        return Plan(action=action, effect="do nothing", nothing=reason)

    def outcome_values(self, workspace: Workspace) -> dict[str, str]:
        """Return the parameters that carry what came of the present run, {} where it has not reported."""
        outcome = find_outcome(workspace)
        return self.access.settings.contract.outcome_values(outcome) if outcome.state else {}

    @override
    async def find_effect(self, plan: Plan[FleetAction], index: int) -> Sent | None:
        # Asked where an answer was lost: builds are numbered, so the next one is ours if it does what we asked for.
        workspace, _ = await self.access.find(self.agent, include_deleted=True)
        build, before = workspace.latest_build, plan.action.state[0]
        wanted = plan.calls[index].operation.removeprefix("builds.")
        return Sent((build,)) if (build.build_number, build.transition) == (before + 1, wanted) else None


@dataclass(frozen=True, kw_only=True)
class StartChange(BuildChange):
    """A run with a task: a start build, which is an entry of the agent's history."""

    task: str

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.task,)

    @override
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        check_idle(workspace)
        values = {**self.outcome_values(workspace), self.access.settings.contract.task: self.task}
        call = calls.create_build(workspace.id, "start", values, scope=self.project)
        interrupts = state.kind in AT_WORK and bool(known.task)
        return self.make_plan(
            workspace,
            state,
            call,
            f"start agent {full_name(workspace)} with the task {quote_line(self.task, MESSAGE_WIDTH)}",
            f"It is at work ({state.text}) on {quote_line(known.task, MESSAGE_WIDTH)}: a run restarts it"
            if interrupts
            else "",
            at_least=Risk.HIGH if interrupts else Risk.LOW,
        )


@dataclass(frozen=True, kw_only=True)
class StopChange(BuildChange):
    """The end of a task: the agent is interrupted and stays, or its workspace is stopped with its outcome kept.

    Attributes:
        interrupt: whether to interrupt only; where the agent cannot be reached, it is stopped all the same.
    """

    interrupt: bool

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.interrupt,)

    @override
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        name = full_name(workspace)
        if state.kind == "stopped":
            return self.nothing(workspace, state, f"{name} is {state.text}")
        check_idle(workspace)
        if self.interrupt and state.kind in REACHABLE:
            escape = calls.interrupt(*find_conversation(self.access, workspace), scope=self.project)
            return self.make_plan(workspace, state, escape, f"interrupt agent {name}, which stays up")
        values = self.outcome_values(workspace)
        outcome = find_outcome(workspace)
        kept = f"Kept as the outcome: {describe_outcome(outcome.state, outcome.message)}" if values else ""
        call = calls.create_build(workspace.id, "stop", values, scope=self.project)
        return self.make_plan(workspace, state, call, f"stop agent {name}", kept)

    @override
    async def describe_done(self, plan: Plan[FleetAction], sent: Sent) -> ChangedView:
        view = await super().describe_done(plan, sent)
        if not _interrupts(plan):
            return view
        try:
            workspace, _ = await self.access.find(self.agent)
            place = find_conversation(self.access, workspace)
            status = (await (await self.access.client()).send(calls.get_agent_status(*place))).status
        except ServiceError as error:
            return view.model_copy(update={"notes": (*view.notes, f"Not confirmed: {error.message}")})
        note = "It waits for input" if status == "stable" else "It is still at work: stop it without interrupt"
        return view.model_copy(update={"notes": (*view.notes, note)})

    @override
    def next_step(self, plan: Plan[FleetAction]) -> str:
        return "Read with fleet_get_messages where it stands" if _interrupts(plan) else super().next_step(plan)


def _interrupts(plan: Plan[FleetAction]) -> bool:
    return any(call.operation == "messages.interrupt" for call in plan.calls)


@dataclass(frozen=True, kw_only=True)
class LinkChange(BuildChange):
    """The pull request or branch of an agent, recorded by a build."""

    address: str

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.address,)

    @override
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        link = read_link(self.address)
        if link is None or link.repo.lower() != self.project.lower():
            raise InvalidInput(
                f"That is not the address of a pull request or branch of {self.project}",
                next_step="Give the address of its page at the forge",
            )
        name, shown = full_name(workspace), one_line(link.text, MESSAGE_WIDTH)
        if known.pull_request == self.address:
            return self.nothing(workspace, state, f"{shown} is recorded for {name} already")
        check_idle(workspace)
        values = {**self.outcome_values(workspace), self.access.settings.contract.pull_request: self.address}
        is_up = workspace.latest_build.transition == "start"
        call = calls.create_build(workspace.id, "start" if is_up else "stop", values, scope=self.project)
        return self.make_plan(
            workspace,
            state,
            call,
            f"record {shown} for agent {name}",
            f"It is up ({state.text}), and a build restarts it" if is_up else "",
            at_least=Risk.HIGH if is_up else Risk.LOW,
        )


@dataclass(frozen=True, kw_only=True)
class DeleteChange(BuildChange):
    """The deletion of an agent with its workspace; its history stays."""

    @override
    def contents(self) -> tuple[Any, ...]:
        return ()

    @override
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        check_idle(workspace)
        call = calls.create_build(workspace.id, "delete", {}, scope=self.project)
        return self.make_plan(
            workspace,
            state,
            call,
            f"delete agent {full_name(workspace)} with all files of its workspace",
            f"It is {state.text}",
            f"It worked on {quote_line(known.task, MESSAGE_WIDTH)}" if known.task else "",
        )

    @override
    def next_step(self, plan: Plan[FleetAction]) -> str:
        return "Its history stays readable with fleet_task_history"

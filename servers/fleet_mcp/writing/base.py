"""What all changes of agents have in common: how they are recognised, planned and described."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.errors import Conflict, InvalidInput
from ci_mcp_kit.guard.change import Change, Plan, Sent
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.sentences import begin_sentence
from coder_client.calls import LONGEST_VALUE
from coder_client.errors import CODER_WRITES
from coder_client.models import Build, Workspace
from fleet_mcp.guard.rules import FLEET_GUARD, FleetAction
from fleet_mcp.reading.showing import full_name
from fleet_mcp.writing.views import ChangedView

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.spec import GuardSpec
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.writing.views import Outcome

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
        agent: as the caller writes it.
        project: of the agent.
    """

    spec: ClassVar[GuardSpec] = FLEET_GUARD

    access: FleetAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    agent: str
    project: str

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

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.agent.lower(), self.project.lower()

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"agent": self.agent}

    def make_action(
        self, agent: str, *calls: Call[Any], state: tuple[Any, ...] = (), at_least: Risk = Risk.LOW
    ) -> FleetAction:
        """Return the action that sends calls; `agent` is its full name."""
        return FleetAction(
            operation=self.operation, scope=self.project, agent=agent, state=state, calls=calls, at_least=at_least
        )

    @override
    def describe(self, plan: Plan[FleetAction], outcome: Outcome, message: str, **fields: Any) -> ChangedView:
        return ChangedView(
            agent=plan.action.agent,
            project=plan.action.scope,
            operation=self.name,
            outcome=outcome,
            message=begin_sentence(message),
            requests=plan.requests,
            **fields,
        )

    @override
    async def describe_done(self, plan: Plan[FleetAction], sent: Sent) -> ChangedView:
        answer = sent.answers[0]
        build = answer.latest_build if isinstance(answer, Workspace) else answer if isinstance(answer, Build) else None
        notes = ("Coder did not answer as it should; the change was found to be made",) if sent.found else ()
        return self.describe(
            plan,
            "done",
            f"begun: {plan.effect}" if build else f"done: {plan.effect}",
            build=build.build_number if build else None,
            notes=notes,
            next_step=self.next_step(plan),
        )

    def next_step(self, plan: Plan[FleetAction]) -> str:
        """Return what to do after the change."""
        return f"Call fleet_wait_for_agent with agent {plan.action.agent}"


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

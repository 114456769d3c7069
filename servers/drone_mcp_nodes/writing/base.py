"""What all changes of services have in common: how they are recognised, planned and described."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.errors import Conflict
from ci_mcp_kit.guard.change import Change, Plan, Sent
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.sentences import begin_sentence
from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_nodes.call_description import NodeCall
from drone_mcp_nodes.formatting import NAME_WIDTH, REASON_WIDTH
from drone_mcp_nodes.guard.rules import NODES_GUARD, NodeAction
from drone_mcp_nodes.reading.status import read_status
from drone_mcp_nodes.service_descriptor import NODES_WRITES
from drone_mcp_nodes.writing.views import ChangedView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_nodes.access import NodesAccess, Place
    from drone_mcp_nodes.writing.views import Outcome
    from drone_mcp_nodes_api.wire import agent_pb2 as pb

# Less than the minute after which clients of MCP give up; a change goes on at its node all the same.
CHANGE_SECONDS: Final = 45.0
LAST_LINES: Final = 20
LAST_CHARACTERS: Final = 2_000
MOST_RESULTS: Final = 50


class UnderWay:
    """Stands for the answer of a change that its node has not finished yet."""


@dataclass(frozen=True, kw_only=True)
class NodeChange(Change[NodeAction, ChangedView], ABC):
    """One call of a tool that changes something.

    Attributes:
        access: reads from the nodes.
        place: the service; `*` where several of a node are changed.
    """

    spec: ClassVar[GuardSpec] = NODES_GUARD

    access: NodesAccess = field(repr=False)
    place: Place

    @property
    @override
    def scope(self) -> str:
        return str(self.place)

    @property
    @override
    def subject(self) -> str:
        return f"Service {self.place}"

    @property
    @override
    def view(self) -> type[ChangedView]:
        return ChangedView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return (self.scope,)

    async def read_idle(self) -> pb.ServiceStatus:
        """Return how the service stands.

        Raises:
            Conflict: an operation on it is under way.
        """
        status = (await read_status(self.access, self.place)).service
        if status.operation:
            raise Conflict(
                f"Operation {one_line(status.operation, NAME_WIDTH)} of {self.place} is under way",
                next_step="Call nodes_wait_for_service, then call again",
                service=NODES_WRITES,
            )
        return status

    def make_plan(
        self,
        request: Message,
        effect: str,
        *,
        state: Iterable[Any],
        notes: Iterable[str] = (),
        services: tuple[str, ...] = (),
        at_least: Risk = Risk.LOW,
    ) -> Plan[NodeAction]:
        """Return the plan that sends one request."""
        call = NodeCall(
            operation=self.operation.call,
            node=self.place.node,
            request=request,
            scope=self.scope,
            seconds=CHANGE_SECONDS,
        )
        action = NodeAction(
            operation=self.operation,
            scope=self.scope,
            services=services or (self.scope,),
            state=tuple(state),
            calls=(call,),
            at_least=at_least,
        )
        return Plan(action=action, calls=(call,), effect=effect, notes=tuple(notes))

    def make_empty_plan(self, reason: str, state: Iterable[Any] = ()) -> Plan[NodeAction]:
        """Return the plan where there is nothing to do."""
        action = NodeAction(operation=self.operation, scope=self.scope, services=(self.scope,), state=tuple(state))
        return Plan(action=action, effect="do nothing", nothing=reason)

    @override
    async def find_effect(self, plan: Plan[NodeAction], index: int) -> Sent | None:
        # Asked where the answer was lost or takes long: a node finishes what it has begun.
        status = (await read_status(self.access, self.place)).service
        return Sent((UnderWay(),)) if status.operation == self.name else None

    @override
    def describe(self, plan: Plan[NodeAction], outcome: Outcome, message: str, **fields: Any) -> ChangedView:
        return ChangedView(
            outcome=outcome,
            message=begin_sentence(message),
            service=plan.action.scope,
            operation=self.name,
            **fields,
        )

    @override
    async def describe_done(self, plan: Plan[NodeAction], sent: Sent) -> ChangedView:
        answer = sent.answers[0]
        if isinstance(answer, UnderWay):
            next_step = f"Call nodes_wait_for_service with service {self.place}"
            return self.describe(plan, "done", f"under way: {plan.effect}", next_step=next_step)
        return self.describe_answer(plan, answer)

    def describe_answer(self, plan: Plan[NodeAction], answer: Any) -> ChangedView:
        """Return the view of a node's answer, whose `results` are those of the components."""
        results: list[pb.Result] = list(answer.results)
        failed = [result for result in results if not result.ok]
        done = f"done: {plan.effect}"
        return self.describe(
            plan,
            "failed" if failed else "done",
            f"{len(failed)} of {len(results)} components failed: {plan.effect}" if failed else done,
            results=describe_results(results),
            last_lines=quote_last_lines(failed),
            next_step=f"Look with nodes_get_status, service {self.place}, at how it stands" if failed else "",
        )


def describe_results(results: Iterable[pb.Result]) -> tuple[str, ...]:
    """Return what came of each component, those that failed first, on one line each."""
    ordered = sorted(results, key=lambda result: result.ok)[:MOST_RESULTS]
    return tuple(
        f"{result.component}: {one_line(result.action, NAME_WIDTH) or ('done' if result.ok else 'failed')}"
        + (f", {one_line(result.error, REASON_WIDTH)}" if result.error else "")
        for result in ordered
    )


def quote_last_lines(failed: Iterable[pb.Result]) -> str:
    """Return the last lines of the first container that failed, between marks that it cannot know."""
    lines = next((result.last_lines for result in failed if result.last_lines), ())
    text = cleaned("\n".join(lines[-LAST_LINES:]))[-LAST_CHARACTERS:].strip()
    nonce = new_nonce()
    return f"<<<log {nonce}\n{text}\n{nonce} log>>>" if text else ""

"""The changes of what a node manages: syncing it with the definitions, and adopting containers that it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_nodes.definition_lookup import find_definitions_of_node
from drone_mcp_nodes.formatting import NAME_WIDTH, REASON_WIDTH, plural
from drone_mcp_nodes.rules.standing import AT_REST, component_standing
from drone_mcp_nodes.writing.base import MOST_RESULTS, NodeChange
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.guard.change import Plan, Sent
    from drone_mcp_nodes.guard.rules import NodeAction
    from drone_mcp_nodes.writing.views import ChangedView

MOST_NAMED: Final = 20


@dataclass(frozen=True, kw_only=True)
class SyncChange(NodeChange):
    """A node's desired states, made those of the definitions. `services` narrows them; empty for all of the node."""

    services: tuple[str, ...] = ()

    @property
    @override
    def subject(self) -> str:
        return f"Node {self.place.node}"

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.services

    @override
    async def plan(self) -> Plan[NodeAction]:
        node = self.place.node
        defined = {spec.name: spec for spec in await find_definitions_of_node(self.access, node)}
        if unknown := [name for name in self.services if name not in defined]:
            raise InvalidInput(
                f"There is no definition of {quote_input(unknown[0])} for {node}",
                next_step=f"Name services that are defined: {', '.join([*defined][:MOST_NAMED]) or 'there are none'}",
            )
        specs = [spec for name, spec in sorted(defined.items()) if not self.services or name in self.services]
        if not specs:
            return self.make_empty_plan(f"no service is defined for {node}")
        listed: pb.ListServicesResponse = await self.access.read(node, "ListServices", pb.ListServicesRequest())
        known = {status.name: {component_standing(one).kind for one in status.components} for status in listed.services}
        new = [spec.name for spec in specs if spec.name not in known]
        # The node stops whatever has the names of its containers, so one that it does not know may run, too.
        stopped = [spec.name for spec in specs if not spec.active and not known.get(spec.name, {""}) <= AT_REST]
        names = _name_some(spec.name for spec in specs)
        return self.make_plan(
            pb.SyncDesiredStateRequest(services=specs),
            f"sync {plural(len(specs), 'service')} of {node} with the definitions: {names}",
            state=(sorted(known), stopped),
            notes=[
                *([f"New to the node: {_name_some(new)}"] if new else []),
                *([f"Not active, so their containers are stopped: {_name_some(stopped)}"] if stopped else []),
            ],
            services=tuple(f"{node}/{spec.name}" for spec in specs),
            at_least=Risk.HIGH if stopped else Risk.LOW,
        )

    @override
    async def find_effect(self, plan: Plan[NodeAction], index: int) -> Sent | None:
        # No single service shows it. The same call may be made again: a sync that has nothing to do does nothing.
        return None

    @override
    def describe_answer(self, plan: Plan[NodeAction], answer: pb.SyncDesiredStateResponse) -> ChangedView:
        failed = [summary for summary in answer.summaries if summary.change == "failed"]
        ordered = sorted(answer.summaries, key=lambda summary: summary.change != "failed")[:MOST_RESULTS]
        lines = tuple(
            f"{summary.service}: {one_line(summary.change, NAME_WIDTH)}"
            + (f", {one_line('; '.join(summary.details), REASON_WIDTH)}" if summary.details else "")
            for summary in ordered
        )
        ignored = f"Left alone, as they belong to no service: {_name_some(answer.ignored)}" if answer.ignored else ""
        changed = any(summary.change in {"created", "updated"} for summary in answer.summaries)
        return self.describe(
            plan,
            "failed" if failed else "done",
            f"{plural(len(failed), 'service')} failed: {plan.effect}" if failed else f"done: {plan.effect}",
            results=lines,
            notes=(ignored,) if ignored else (),
            next_step="What changed runs only when it is deployed: plan it with nodes_plan_deploy" if changed else "",
        )


@dataclass(frozen=True, kw_only=True)
class AdoptChange(NodeChange):
    """Containers that run already, made the components of a service. `prefix` is what their names begin with."""

    prefix: str = ""

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.prefix,)

    @override
    async def plan(self) -> Plan[NodeAction]:
        prefix = self.prefix or self.place.service
        answer: pb.LiveCheckResponse = await self.access.read(self.place.node, "LiveCheck", pb.LiveCheckRequest())
        every = [one.container or one.name for one in answer.unmanaged]
        found = sorted(name for name in every if name == prefix or name.startswith(f"{prefix}-"))
        if not found:
            others = f"; such containers are {_name_some(every)}" if every else ""
            return self.make_empty_plan(
                f"no container of {self.place.node} that belongs to no service is called {prefix} or {prefix}-…{others}"
            )
        return self.make_plan(
            pb.AdoptContainerRequest(service=self.place.service, prefix=self.prefix),
            f"adopt {plural(len(found), 'container')} as {self.place}: {_name_some(found)}",
            state=found,
            notes=("They go on running as they are",),
        )

    @override
    def describe_answer(self, plan: Plan[NodeAction], answer: pb.AdoptContainerResponse) -> ChangedView:
        view = super().describe_answer(plan, answer)
        next_step = f"Look at it with nodes_get_status, service {self.place}; drone-nodes service export makes its file"
        return view if view.next_step else view.model_copy(update={"next_step": next_step})


def _name_some(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return ", ".join(one_line(name, NAME_WIDTH) for name in every[:MOST_NAMED]) + more

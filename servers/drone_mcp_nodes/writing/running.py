"""The changes of a service that keep its definition: restarting, starting and stopping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from drone_mcp_nodes.reading.status import read_status
from drone_mcp_nodes.rules.standing import AT_REST, component_standing, service_standing
from drone_mcp_nodes.writing.base import NodeChange
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from ci_mcp_kit.guard.change import Plan, Sent
    from drone_mcp_nodes.guard.rules import NodeAction


@dataclass(frozen=True, kw_only=True)
class RunningChange(NodeChange):
    """A change of a service, or of one of its components where `component` names it."""

    component: str = ""

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.component,)

    @property
    def target(self) -> str:
        """The service or the component, for sentences."""
        return f"component {self.component} of {self.place}" if self.component else f"service {self.place}"

    def chosen(self, status: pb.ServiceStatus) -> list[pb.ComponentStatus]:
        """Return the components that the change is about."""
        return [one for one in status.components if self.component in {"", one.name}]


@dataclass(frozen=True, kw_only=True)
class RestartChange(RunningChange):
    """A restart of containers as they are."""

    @override
    async def plan(self) -> Plan[NodeAction]:
        status = await self.read_idle()
        request = pb.RestartServiceRequest(service=self.place.service, component=self.component)
        standing = service_standing(self.chosen(status)).kind
        return self.make_plan(request, f"restart {self.target}, which is {standing}", state=(status.revision, standing))


@dataclass(frozen=True, kw_only=True)
class StartChange(RunningChange):
    """A start of what is stopped; what was removed is created again."""

    @override
    async def plan(self) -> Plan[NodeAction]:
        status = await self.read_idle()
        standing = service_standing(self.chosen(status)).kind
        if status.active and standing in {"running", "drifted"}:
            return self.make_empty_plan(f"{self.target} is {standing} already", (status.revision, standing))
        request = pb.StartServiceRequest(service=self.place.service, component=self.component)
        return self.make_plan(request, f"start {self.target}, which is {standing}", state=(status.revision, standing))

    @override
    async def find_effect(self, plan: Plan[NodeAction], index: int) -> Sent | None:
        found = await super().find_effect(plan, index)
        return found or await _done_if(self, {"running", "starting", "drifted"}, pb.StartServiceResponse())


@dataclass(frozen=True, kw_only=True)
class StopChange(RunningChange):
    """A stop that lasts: the daemon does not start the service again until someone asks for it."""

    @override
    async def plan(self) -> Plan[NodeAction]:
        status = await self.read_idle()
        chosen = self.chosen(status)
        standings = [component_standing(one).kind for one in chosen]
        if standings and set(standings) <= AT_REST:
            return self.make_empty_plan(f"{self.target} is stopped already", (status.revision, "stopped"))
        request = pb.StopServiceRequest(service=self.place.service, component=self.component)
        names = ", ".join(one.name for one in chosen)
        return self.make_plan(
            request,
            f"stop {self.target}, which is {service_standing(chosen).kind}",
            state=(status.revision, *standings),
            notes=(f"Its containers stop: {names}", "It stays stopped until someone starts it"),
        )

    @override
    async def find_effect(self, plan: Plan[NodeAction], index: int) -> Sent | None:
        found = await super().find_effect(plan, index)
        return found or await _done_if(self, {"stopped", "ignored"}, pb.StopServiceResponse())


async def _done_if(change: RunningChange, kinds: set[str], answer: Any) -> Sent | None:
    """Return an empty answer where every component stands as the change would leave it."""
    from ci_mcp_kit.guard.change import Sent  # noqa: PLC0415 - only where an answer was lost

    status = (await read_status(change.access, change.place)).service
    standings = {component_standing(one).kind for one in change.chosen(status)}
    return Sent((answer,)) if standings and standings <= kinds else None

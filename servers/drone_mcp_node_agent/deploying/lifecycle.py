"""Stops, starts again and removes the containers of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_node_agent.deploying.engine_faults import to_service_error
from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault
from drone_mcp_nodes_api.definitions.messages import from_message
from drone_mcp_nodes_api.definitions.model import start_order
from drone_mcp_nodes_api.definitions.naming import name_container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_node_agent.deploying.probing import Prober
    from drone_mcp_node_agent.runtime.runtime import Runtime

RESTART_SECONDS = 120.0  # in which a restarted container has to become healthy


def order_components(spec: pb.ServiceSpec, only: str = "") -> list[pb.ComponentSpec]:
    """Return the components of a service in the order of their start: all, or the one that is named."""
    by_name = {component.name: component for component in spec.components}
    ordered = [by_name[component.name] for component in start_order(from_message(spec).components)]
    return [component for component in ordered if only in {"", component.name}]


class Lifecycle:
    """What is done to the containers that a service has.

    Args:
        runtime: the container engine.
        prober: asks containers for their health.
    """

    def __init__(self, runtime: Runtime, prober: Prober) -> None:
        self._runtime = runtime
        self._prober = prober

    async def stop(self, spec: pb.ServiceSpec, component: str = "") -> list[pb.Result]:
        """Stop containers, those that depend on others first; one that is missing is as good as stopped."""

        async def stop(part: pb.ComponentSpec) -> str:
            name = name_container(spec.name, part.name)
            container = (await self._runtime.inspect([name])).get(name)
            if not container:
                return "unchanged"
            await self._runtime.stop(name)
            return "stopped" if container.is_running else "unchanged"

        return await _do_each(order_components(spec, component)[::-1], stop)

    async def find_running(self, spec: pb.ServiceSpec) -> list[str]:
        """Return the components whose containers run, which a stop would stop."""
        names = {name_container(spec.name, part.name): part.name for part in spec.components}
        found = await self._runtime.inspect([*names])
        return [part for name, part in names.items() if name in found and found[name].is_running]

    async def restart(self, spec: pb.ServiceSpec, component: str = "") -> list[pb.Result]:
        """Stop and start containers one after another, each until it is healthy."""

        async def restart(part: pb.ComponentSpec) -> str:
            name = name_container(spec.name, part.name)
            await self._runtime.stop(name)
            await self._runtime.start(name)
            health = await self._prober.wait_until_healthy(name, part, RESTART_SECONDS)
            if not health.is_healthy:
                raise RuntimeFault(
                    FaultKind.OTHER,
                    f"{part.name} was restarted and did not become healthy: {health.reason}",
                    "Read its log",
                )
            return "restarted"

        return await _do_each(order_components(spec, component), restart)

    async def remove(self, spec: pb.ServiceSpec) -> list[pb.Result]:
        """Remove containers, those that depend on others first."""

        async def remove(part: pb.ComponentSpec) -> str:
            await self._runtime.remove(name_container(spec.name, part.name))
            return "removed"

        return await _do_each(order_components(spec)[::-1], remove)


async def _do_each(
    components: Sequence[pb.ComponentSpec], work: Callable[[pb.ComponentSpec], Awaitable[str]]
) -> list[pb.Result]:
    """Do something to one component after another; one that fails does not keep the others from it."""
    results = []
    for component in components:
        try:
            results.append(pb.Result(component=component.name, ok=True, action=await work(component)))
        except RuntimeFault as fault:
            results.append(
                pb.Result(
                    component=component.name,
                    action="failed",
                    error_code=to_service_error(fault).code,
                    error=f"{fault.message}. {fault.next_step}",
                )
            )
    return results

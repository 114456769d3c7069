"""Everything that a node does with its services: the daemon's RPCs and its monitor call this and nothing below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime
    from drone_mcp_nodes_api.wire import agent_pb2 as pb


class Operations:
    """The operations on the services of a node.

    At most one operation that changes a service runs at a time; a second one is refused with `Conflict`. An operation
    goes on if its caller leaves. All errors are `ci_mcp_kit.errors.ServiceError`s; what fails for one component while
    others go on is a `Result` with `ok` false.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        node: the node's name; a specification for another node is refused.
    """

    def __init__(self, runtime: Runtime, registry: Registry, node: str) -> None:
        self._runtime = runtime
        self._registry = registry
        self._node = node

    async def recover(self) -> None:
        """Finish what an earlier daemon has committed and go back from what it has not; call it before all others."""
        raise NotImplementedError

    async def drain(self, seconds: float) -> None:
        """Refuse new operations, and wait until those that run have ended or the time is over."""
        raise NotImplementedError

    # What changes something

    async def deploy(
        self, request: pb.DeployRequest, by: str, report: Callable[[pb.Progress], None] | None = None
    ) -> pb.DeployResponse:
        """Bring a service, or one component, to what the request specifies."""
        raise NotImplementedError

    async def rollback(
        self, service: str, revision: int, by: str, report: Callable[[pb.Progress], None] | None = None
    ) -> pb.DeployResponse:
        """Deploy an earlier revision again; 0 is the one before the current one."""
        raise NotImplementedError

    async def stop(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Stop a service, which becomes inactive, or one component of it."""
        raise NotImplementedError

    async def start(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Start what is stopped and create again what was removed; a service becomes active."""
        raise NotImplementedError

    async def restart(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Stop and start the containers of a service or of one component."""
        raise NotImplementedError

    async def remove(self, service: str, by: str) -> list[pb.Result]:
        """Remove the containers of a service, and forget it."""
        raise NotImplementedError

    async def sync(self, request: pb.SyncDesiredStateRequest, by: str) -> pb.SyncDesiredStateResponse:
        """Keep what is wanted of services, stop the inactive ones, and mark unmanaged containers as ignored.

        Nothing is rolled out: a service that differs is named as such, and a deployment is the next step.
        """
        raise NotImplementedError

    async def adopt(self, request: pb.AdoptContainerRequest, by: str) -> pb.AdoptContainerResponse:
        """Make a service of containers that run already, without touching them."""
        raise NotImplementedError

    # What reads

    async def plan(self, request: pb.PlanDeployRequest) -> pb.PlanDeployResponse:
        """Return what a deployment would do, and the fingerprint of everything that this depends on."""
        raise NotImplementedError

    async def list_services(self) -> list[pb.ServiceStatus]:
        """Return all services from the registry, without asking the engine."""
        raise NotImplementedError

    async def live_check(self, service: str = "") -> pb.LiveCheckResponse:
        """Ask the engine how services are, run their checks, and keep what has changed, with an event for each change.

        Events have the kinds `state` (from one state to another), `restarted` (counts how often the engine started a
        container again) and `drift`; they are what the monitor judges.
        """
        raise NotImplementedError

    async def status(self, service: str, *, since: float = 0, limit: int = 20) -> pb.GetServiceStatusResponse:
        """Return how a service is now, with drift, reasons and its recent events."""
        raise NotImplementedError

    async def container_names(self, service: str, component: str = "") -> dict[str, str]:
        """Return component -> name of its container, such as for reading logs."""
        raise NotImplementedError

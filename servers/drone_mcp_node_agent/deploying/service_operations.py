"""Everything that a node does with its services: the daemon's RPCs and its monitor call this and nothing below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from google.protobuf.json_format import Parse

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound, ServiceError
from ci_mcp_kit.suggesting import suggest
from drone_mcp_node_agent.deploying.adoption import Adoption
from drone_mcp_node_agent.deploying.deployment import DONE, Deployment, Order
from drone_mcp_node_agent.deploying.engine_faults import to_service_error
from drone_mcp_node_agent.deploying.exclusive import ExclusiveOperations
from drone_mcp_node_agent.deploying.lifecycle import Lifecycle, order_components
from drone_mcp_node_agent.deploying.probing import Prober
from drone_mcp_node_agent.deploying.recovery import Recovery
from drone_mcp_node_agent.deploying.registry_sync import Synchronisation
from drone_mcp_node_agent.deploying.situation import look_at_service
from drone_mcp_node_agent.deploying.spec_selection import check_spec, find_rollback, merge_component
from drone_mcp_node_agent.deploying.status_check import Checker, describe_service, make_event
from drone_mcp_node_agent.planning.flapping import FlapRule
from drone_mcp_node_agent.planning.plan import KEEP, fingerprint, plan_steps
from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.definitions.naming import name_container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime

    Report = Callable[[pb.Progress], None]

T = TypeVar("T")

DONE_KINDS: Final = {"deploy": "deployed", "rollback": "deployed", "start": "started"}
ACTION_KINDS: Final = {"restarted": "restart"}  # `restarted` are the restarts that nobody has asked for
HEALTHY_SECONDS: Final = 300.0  # in which a new container has to become healthy, if the caller does not say


class Operations:
    """The operations on the services of a node.

    At most one operation that changes a service runs at a time; a second one is refused with `Conflict`. An operation
    goes on if its caller leaves. All errors are `ci_mcp_kit.errors.ServiceError`s; what fails for one component while
    others go on is a `Result` with `ok` false.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        node: the node's name; a specification for another node is refused.
        flap: when restarts are flapping.
    """

    def __init__(self, runtime: Runtime, registry: Registry, node: str, flap: FlapRule | None = None) -> None:
        self._runtime = runtime
        self._registry = registry
        self._node = node
        self._prober = Prober(runtime)
        self._checker = Checker(runtime, registry, self._prober, flap or FlapRule())
        self._lifecycle = Lifecycle(runtime, self._prober)
        self._recovery = Recovery(runtime, registry, self._lifecycle)
        self._exclusive = ExclusiveOperations()

    async def recover(self) -> None:
        """Finish what an earlier daemon has committed and go back from what it has not; call it before all others."""
        await self._runtime.wait_for_orphans()
        await self._recovery.run_all()

    async def drain(self, seconds: float) -> None:
        """Refuse new operations, and wait until those that run have ended or the time is over."""
        await self._exclusive.drain(seconds)

    def in_progress(self) -> Mapping[str, str]:
        """Return service -> kind of the operation that changes it now."""
        return self._exclusive.in_progress

    # What changes something

    async def deploy(self, request: pb.DeployRequest, by: str, report: Report | None = None) -> pb.DeployResponse:
        """Bring a service, or one component, to what the request specifies."""
        spec = check_spec(request.spec, self._node)
        if not spec.active:
            raise InvalidInput(
                f"The service {spec.name} is not active, so there is nothing to deploy",
                next_step="Start the service, which makes it active, or set active = true in its definition",
            )
        if request.idempotency_key and (done := await self._registry.find_operation(request.idempotency_key)):
            return _read_response(done.response, request.idempotency_key)
        if request.dry_run:
            return await self._rehearse(request, spec)

        async def work() -> pb.DeployResponse:
            record = await self._registry.find_service(spec.name)
            merged = merge_component(spec, request.component, record)
            if request.plan:
                await self._check_plan(request, merged, record)
            limit = request.timeout.ToNanoseconds() / 1e9 or HEALTHY_SECONDS
            order = Order(
                "deploy",
                merged,
                order_components(merged, request.component),
                by,
                force=request.force,
                keep_on_failure=request.keep_on_failure,
                limit=limit,
                idempotency_key=request.idempotency_key,
            )
            return await self._run_deployment(order, record, report)

        return await self._change(spec.name, "deploy", work)

    async def rollback(self, service: str, revision: int, by: str, report: Report | None = None) -> pb.DeployResponse:
        """Deploy an earlier revision again; 0 is the one before the current one."""

        async def work() -> pb.DeployResponse:
            record = await self._find(service)
            earlier = await find_rollback(self._registry, record, revision)
            spec = check_spec(earlier.spec, self._node)
            order = Order("rollback", spec, order_components(spec), by, limit=HEALTHY_SECONDS)
            return await self._run_deployment(order, record, report)

        return await self._change(service, "rollback", work)

    async def stop(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Stop a service, which becomes inactive, or one component of it."""

        async def work() -> list[pb.Result]:
            record = await self._find(service, component)
            operation = await self._registry.begin_operation(service, "stop", by, {"component": component})
            await self._registry.set_wanted(service, component, runs=False)
            return await self._conclude(operation, record, await self._lifecycle.stop(record.spec, component), by)

        return await self._change(service, "stop", work)

    async def start(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Start what is stopped and create again what was removed; a service becomes active."""

        async def work() -> list[pb.Result]:
            record = await self._find(service, component)
            spec = pb.ServiceSpec()
            spec.CopyFrom(record.spec)
            spec.active = spec.active or not component
            order = Order(
                "start",
                spec,
                order_components(spec, component),
                by,
                keep_on_failure=True,
                replaces=False,
                limit=HEALTHY_SECONDS,
            )
            return [*(await self._run_deployment(order, record, None)).results]

        return await self._change(service, "start", work)

    async def restart(self, service: str, component: str, by: str) -> list[pb.Result]:
        """Stop and start the containers of a service or of one component."""

        async def work() -> list[pb.Result]:
            record = await self._find(service, component)
            if not record.spec.active:
                raise Conflict(f"The service {service} is stopped", next_step="Start it instead", retryable=False)
            operation = await self._registry.begin_operation(service, "restart", by, {"component": component})
            return await self._conclude(operation, record, await self._lifecycle.restart(record.spec, component), by)

        return await self._change(service, "restart", work)

    async def remove(self, service: str, by: str) -> list[pb.Result]:
        """Remove the containers of a service, and forget it."""

        async def work() -> list[pb.Result]:
            record = await self._find(service)
            operation = await self._registry.begin_operation(service, "remove", by, {})
            results = await self._lifecycle.remove(record.spec)
            if all(result.ok for result in results):
                await self._registry.remove_service(service)
            await self._registry.end_operation(operation)
            await self._tell(service, results, by)
            return results

        return await self._change(service, "remove", work)

    async def sync(self, request: pb.SyncDesiredStateRequest, by: str) -> pb.SyncDesiredStateResponse:
        """Keep what is wanted of services, stop the inactive ones, and mark unmanaged containers as ignored.

        Nothing is rolled out: a service that differs is named as such, and a deployment is the next step.
        """
        specs = [check_spec(spec, self._node) for spec in request.services]
        synchronisation = Synchronisation(self._registry, self._lifecycle, by)
        response = pb.SyncDesiredStateResponse()
        for spec in specs:

            async def work(spec: pb.ServiceSpec = spec) -> pb.SyncSummary:
                return await synchronisation.apply(spec, dry_run=request.dry_run)

            try:
                response.summaries.append(await self._change(spec.name, "sync", work))
            except ServiceError as error:
                response.summaries.add(service=spec.name, change="failed", details=[error.message])
        records = await self._registry.list_services()
        response.ignored.extend(one.container for one in await self._checker.check_unmanaged(records))
        return response

    async def adopt(self, request: pb.AdoptContainerRequest, by: str) -> pb.AdoptContainerResponse:
        """Make a service of containers that run already, without stopping them."""
        adoption = Adoption(self._runtime, self._registry, self._node, by)

        async def work() -> pb.AdoptContainerResponse:
            return await adoption.run(request)

        response = await self._change(request.service, "adopt", work)
        if not request.dry_run:
            await self._refresh(request.service, ())
        return response

    # What reads

    async def plan(self, request: pb.PlanDeployRequest) -> pb.PlanDeployResponse:
        """Return what a deployment would do, and the fingerprint of everything that this depends on."""
        spec = check_spec(request.spec, self._node)
        record = await self._registry.find_service(spec.name)
        spec = merge_component(spec, request.component, record)
        situation = await look_at_service(self._runtime, spec, record)
        components = order_components(spec, request.component)
        steps = plan_steps(spec, components, situation, force=request.force)
        return pb.PlanDeployResponse(
            plan=fingerprint(spec, request.component, situation, force=request.force),
            steps=steps,
            changes=any(step.action != KEEP for step in steps),
        )

    async def list_services(self) -> list[pb.ServiceStatus]:
        """Return all services from the registry, without asking the engine."""
        return [
            describe_service(record, record.statuses, self.in_progress().get(record.spec.name, ""))
            for record in await self._registry.list_services()
        ]

    async def live_check(self, service: str = "") -> pb.LiveCheckResponse:
        """Ask the engine how services are, run their checks, and keep what has changed, with an event for each change.

        A service that an operation changes just now is returned as it was last seen. Events have the kinds `state`
        (from one state to another), `restarted` (counts how often the engine started a container again) and `drift`;
        they are what the monitor judges.
        """
        records = [await self._find(service)] if service else await self._registry.list_services()
        busy = self.in_progress()
        statuses = await self._checker.check([record for record in records if record.spec.name not in busy], busy)
        unmanaged = [] if service else await self._checker.check_unmanaged(records)
        services = [
            describe_service(record, statuses.get(record.spec.name, record.statuses), busy.get(record.spec.name, ""))
            for record in records
        ]
        return pb.LiveCheckResponse(services=services, unmanaged=unmanaged)

    async def status(self, service: str, *, since: float = 0, limit: int = 20) -> pb.GetServiceStatusResponse:
        """Return how a service is now, with drift, reasons and its recent events."""
        live = await self.live_check(service)
        events = await self._registry.list_events(service, since=since, limit=limit)
        return pb.GetServiceStatusResponse(service=live.services[0], events=events)

    async def container_names(self, service: str, component: str = "") -> dict[str, str]:
        """Return component -> name of its container, such as for reading logs."""
        record = await self._find(service, component)
        names = [one.name for one in record.spec.components if component in {"", one.name}]
        return {name: name_container(service, name) for name in names}

    # What all of them do

    async def _change(self, service: str, kind: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run an operation alone on its service, after one that an earlier fault has left behind."""

        async def run() -> T:
            try:
                await self._recovery.run(service)
                return await work()
            except RuntimeFault as fault:
                raise to_service_error(fault) from fault

        return await self._exclusive.run(service, kind, run)

    async def _find(self, service: str, component: str = "") -> ServiceRecord:
        if not (record := await self._registry.find_service(service)):
            names = [one.spec.name for one in await self._registry.list_services()]
            raise NotFound(
                f"This node has no service {service!r}. {suggest(service, names)}",
                next_step="List the services of the node, or deploy it from its definition",
            )
        names = [one.name for one in record.spec.components]
        if component and component not in names:
            raise NotFound(
                f"The service {service} has no component {component!r}. {suggest(component, names)}",
                next_step=f"Its components are {', '.join(names)}",
            )
        return record

    async def _check_plan(self, request: pb.DeployRequest, spec: pb.ServiceSpec, record: ServiceRecord | None) -> None:
        situation = await look_at_service(self._runtime, spec, record)
        if request.plan != fingerprint(spec, request.component, situation, force=request.force):
            raise Conflict(
                f"What the plan for {spec.name} was made from has changed since, so nothing was done",
                next_step="Plan again, look at the new plan, and deploy with its fingerprint",
                retryable=False,
            )

    async def _rehearse(self, request: pb.DeployRequest, spec: pb.ServiceSpec) -> pb.DeployResponse:
        """Return what a deployment would do."""
        plan = await self.plan(pb.PlanDeployRequest(spec=spec, component=request.component, force=request.force))
        results = [pb.Result(component=step.component, ok=True, action=DONE[step.action]) for step in plan.steps]
        return pb.DeployResponse(results=results)

    async def _run_deployment(
        self, order: Order, record: ServiceRecord | None, report: Report | None
    ) -> pb.DeployResponse:
        response = await Deployment(self._runtime, self._registry, self._prober, order, report).run(record)
        if any(result.action != "unchanged" for result in response.results):
            outcome = "rolled-back" if response.rolled_back else "failed" if response.reason else DONE_KINDS[order.kind]
            detail = response.reason or (f"revision {response.revision}" if response.revision else "")
            await self._registry.add_events(make_event(order.spec.name, "", outcome, detail, order.by))
        await self._tell(order.spec.name, response.results, order.by)
        await self._refresh(order.spec.name, response.results)
        return response

    async def _conclude(
        self, operation: int, record: ServiceRecord, results: list[pb.Result], by: str
    ) -> list[pb.Result]:
        await self._registry.end_operation(operation)
        await self._tell(record.spec.name, results, by)
        await self._refresh(record.spec.name, results)
        return results

    async def _tell(self, service: str, results: Sequence[pb.Result], by: str) -> None:
        """Write an event for each component to which something was done."""
        events = [
            make_event(service, result.component, ACTION_KINDS.get(result.action, result.action), result.error, by)
            for result in results
            if result.action not in {"unchanged", "skipped"}
        ]
        await self._registry.add_events(*events)

    async def _refresh(self, service: str, results: Sequence[pb.Result]) -> None:
        """Look at a service after an operation, and add to each result how its component is now."""
        if record := await self._registry.find_service(service):
            statuses = (await self._checker.check([record]))[service]
            for result in results:
                if result.component in statuses:
                    result.status.CopyFrom(statuses[result.component])


def _read_response(text: str | None, key: str) -> pb.DeployResponse:
    if not text:
        raise Conflict(
            f"The deployment with the idempotency key {key!r} has not ended, or was interrupted",
            next_step="Look at the service's status, then deploy with another key",
        )
    return Parse(text, pb.DeployResponse(), ignore_unknown_fields=True)

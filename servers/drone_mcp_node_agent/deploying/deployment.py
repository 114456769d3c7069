"""One deployment: pulls and creates everything, then replaces the containers one after another, or goes back."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from drone_mcp_node_agent.deploying.engine_faults import to_service_error
from drone_mcp_node_agent.deploying.situation import look_at_service
from drone_mcp_node_agent.deploying.swap import Act, Move, Swap, forward
from drone_mcp_node_agent.deploying.swap_execution import clean_up, go_back, play
from drone_mcp_node_agent.planning.plan import CREATE, KEEP, REMOVE, REPLACE, START, must_pull, pin_images, plan_steps
from drone_mcp_node_agent.planning.spec_hash import container_labels
from drone_mcp_node_agent.registry.records import Phase
from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.definitions.naming import name_container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from drone_mcp_node_agent.deploying.probing import Prober
    from drone_mcp_node_agent.planning.plan import Situation
    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime

logger = logging.getLogger(__name__)

LAST_LINES: Final = 20
RESTORED_SECONDS: Final = 60.0  # in which a container that came back should be healthy again
PHASES: Final = {Act.STOP: "stop", Act.START: "start", Act.PROBE: "probe", Act.REMOVE: "remove"}
DONE: Final = {CREATE: "created", REPLACE: "replaced", START: "started", REMOVE: "removed", KEEP: "unchanged"}


@dataclass(frozen=True)
class Order:
    """A deployment that was asked for.

    Attributes:
        kind: `deploy`, `rollback` or `start`.
        spec: what is wanted of the whole service afterwards.
        components: those that the deployment is about, in the order of their start.
        by: who asked for it.
        force: whether containers that are as specified are replaced, too.
        keep_on_failure: whether new containers stay that do not become healthy.
        replaces: whether containers that differ are replaced; a start only creates what is missing.
        limit: seconds in which a container has to become healthy.
        idempotency_key: the caller's, for the journal.
    """

    kind: str
    spec: pb.ServiceSpec
    components: Sequence[pb.ComponentSpec]
    by: str
    force: bool = False
    keep_on_failure: bool = False
    replaces: bool = True
    limit: float = 300.0
    idempotency_key: str = ""


class Unhealthy(Exception):
    """A container was started and did not become healthy."""


class Deployment:
    """The run of one order.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        prober: asks containers for their health.
        order: what was asked for.
        report: is called with the progress, if given.
    """

    def __init__(
        self,
        runtime: Runtime,
        registry: Registry,
        prober: Prober,
        order: Order,
        report: Callable[[pb.Progress], None] | None,
    ) -> None:
        self._runtime = runtime
        self._registry = registry
        self._prober = prober
        self._order = order
        self._report = report
        self._components = {component.name: component for component in order.components}
        self._results: dict[str, pb.Result] = {}
        self._operation = 0
        self._revision = 0
        self._is_tidy = True

    async def run(self, record: ServiceRecord | None) -> pb.DeployResponse:
        """Do it, and return what became of each component.

        Args:
            record: what the registry knows of the service.
        """
        situation = await self._look(record)
        if await self._pull(situation):
            situation = await self._look(record)
        steps = [step for step in self._plan(situation) if step.component not in self._results]
        is_done = not any(step.action != KEEP for step in steps)
        if is_done and record and record.spec == self._order.spec and record.stopped.isdisjoint(self._components):
            return self._respond(record.revision)
        newest = await self._registry.list_revisions(self._order.spec.name, limit=1)
        self._revision = newest[0].number + 1 if newest else 1
        swaps = {step.component: self._make_swap(step, situation) for step in steps if step.action not in {KEEP, START}}
        journal = {"swaps": [swap.to_json() for swap in swaps.values()]}
        self._operation = await self._registry.begin_operation(
            self._order.spec.name, self._order.kind, self._order.by, journal, self._order.idempotency_key
        )
        steps = await self._create(steps, swaps)
        await self._registry.set_phase(self._operation, Phase.SWAPPING)
        if await self._swap_all(steps, swaps):
            response = await self._commit(steps, swaps, situation)
        else:
            response = await self._return(steps, swaps, record)
        if self._is_tidy:
            await self._registry.end_operation(self._operation, response)
        return response

    async def _look(self, record: ServiceRecord | None) -> Situation:
        return await look_at_service(self._runtime, self._order.spec, record)

    def _plan(self, situation: Situation) -> list[pb.Step]:
        steps = plan_steps(self._order.spec, self._order.components, situation, force=self._order.force)
        if self._order.replaces:
            return steps
        for step in steps:
            if step.action == REPLACE:
                step.action = KEEP if situation.containers[step.component].is_running else START
        return [step for step in steps if step.action != REMOVE]

    # Preparation, during which everything old goes on

    async def _pull(self, situation: Situation) -> bool:
        """Pull what is missing, all before anything stops; return whether anything was pulled."""
        order, steps = self._order, self._plan(situation)
        wanted = {
            self._components[step.component].image: step
            for step in steps
            if step.action == CREATE or (step.action != REMOVE and order.replaces)
        }
        images = [
            image
            for image in wanted
            if must_pull(image, is_present=situation.images[image] is not None, force=order.force)
        ]

        async def pull(image: str) -> RuntimeFault | None:
            name = wanted[image].component
            self._tell(name, "pull", f"pulls {image}")
            try:
                await self._runtime.pull(image)
            except RuntimeFault as fault:
                self._tell(name, "pull", fault.message, done=True)
                return fault
            self._tell(name, "pull", f"has pulled {image}", done=True)
            return None

        for image, fault in zip(images, await for_each(images, pull), strict=True):
            if fault:
                for component in order.components:
                    if component.image == image:
                        self._fail(component.name, fault)
        return bool(images)

    def _make_swap(self, step: pb.Step, situation: Situation) -> Swap:
        component = self._components.get(step.component)
        old = situation.containers.get(step.component)
        runs = old is not None and (
            old.is_running
            or old.status in {"running", "paused", "stopping"}
            # Its restart policy may start it again at once.
            or (old.spec.restart != "no" and old.restarts > 0)
        )
        return Swap(
            component=step.component,
            container=name_container(self._order.spec.name, step.component),
            has_new=component is not None,
            had_old=old is not None,
            ran=runs,
            start_first=runs and component is not None and component.order == "start-first",
        )

    async def _create(self, steps: list[pb.Step], swaps: dict[str, Swap]) -> list[pb.Step]:
        """Create all new containers next to the old ones; return the steps that can still be done."""
        for name, swap in [*swaps.items()]:
            if not swap.has_new:
                continue
            component = self._components[name]
            self._tell(name, "create", f"creates {swap.next}")
            try:
                await self._runtime.remove(swap.next)  # of an attempt that the journal does not know
                labels = container_labels(self._order.spec, component, self._revision)
                await self._runtime.create(swap.next, component, labels)
            except RuntimeFault as fault:
                self._fail(name, fault)
                del swaps[name]
        return [step for step in steps if step.component not in self._results]

    # The swap

    async def _swap_all(self, steps: list[pb.Step], swaps: dict[str, Swap]) -> bool:
        """Replace one container after another; return whether the deployment stays."""
        for step in steps:
            name, swap = step.component, swaps.get(step.component)
            container = name_container(self._order.spec.name, name)
            start = [Move(Act.START, container), Move(Act.PROBE, container)] if step.action == START else []
            moves = forward(swap) if swap else start
            try:
                for move in moves:
                    await self._play(name, move)
            except (RuntimeFault, Unhealthy) as failure:
                is_aside = (
                    swap is not None and swap.start_first and swap.next in await self._runtime.inspect([swap.next])
                )
                await self._fail_with_log(name, swap.next if swap and is_aside else container, failure)
                if not self._order.keep_on_failure:
                    return False
            else:
                self._results[name] = pb.Result(component=name, ok=True, action=DONE[step.action])
        return True

    async def _play(self, name: str, move: Move) -> None:
        phase = PHASES.get(move.act)
        if phase:
            self._tell(name, phase, f"{phase}s {move.name}")
        await play(self._runtime, move)
        if move.act is Act.PROBE:
            health = await self._prober.wait_until_healthy(move.name, self._components[name], self._order.limit)
            if not health.is_healthy:
                raise Unhealthy(f"{name} did not become healthy: {health.reason}")
        if phase:
            self._tell(name, phase, "", done=True)

    async def _commit(self, steps: list[pb.Step], swaps: dict[str, Swap], situation: Situation) -> pb.DeployResponse:
        failed = [result for result in self._results.values() if not result.ok]
        kept = any(step.component in self._results for step in steps)
        if not kept:  # nothing could be prepared, so nothing has changed
            return self._respond(0)
        digests = {step.component: self._read_digest(step, situation) for step in steps if step.action != REMOVE}
        known = dict(situation.record.digests) if situation.record else {}
        revision = self._make_revision("failed" if failed else "deployed", known | digests)
        if self._order.kind == "start":
            revision.number = 0
        await self._registry.commit_deployment(self._operation, self._order.spec, digests, revision)
        try:
            await clean_up(self._runtime, swaps.values())
        except RuntimeFault:
            # The new containers are in force. The journal keeps the operation, so that the next one removes the rest.
            logger.exception("The old containers of %s could not be removed yet", self._order.spec.name)
            self._is_tidy = False
        return self._respond(revision.number)

    def _read_digest(self, step: pb.Step, situation: Situation) -> str:
        """Return the digest of the image that a component runs after its step."""
        if step.action in {KEEP, START}:
            return situation.containers[step.component].image_digest
        image = situation.images.get(self._components[step.component].image)
        return image.digest if image else ""

    # The way back

    async def _return(
        self, steps: list[pb.Step], swaps: dict[str, Swap], record: ServiceRecord | None
    ) -> pb.DeployResponse:
        failed = next(result for result in reversed(self._results.values()) if not result.ok)
        begun = [swap for name, swap in swaps.items() if name in self._results]
        for swap in begun[::-1]:
            self._tell(swap.component, "roll-back", f"restores {swap.container}")
        await go_back(self._runtime, swaps.values())
        old = {component.name: component for component in record.spec.components} if record else {}
        why = f"{failed.component} failed"
        for step in steps:
            before = self._results.get(step.component)
            if before and before.ok and step.action in {CREATE, REPLACE, REMOVE}:
                self._results[step.component] = pb.Result(
                    component=step.component, error_code="CONFLICT", error=why, action="rolled-back"
                )
            elif not before:
                self._results[step.component] = pb.Result(
                    component=step.component, error_code="CONFLICT", error=why, action="skipped"
                )
        for swap in begun:
            if swap.ran and swap.component in old:
                health = await self._prober.wait_until_healthy(swap.container, old[swap.component], RESTORED_SECONDS)
                again = "is healthy again" if health.is_healthy else f"came back and is not healthy: {health.reason}"
                self._tell(swap.component, "roll-back", again, done=True)
                self._results[swap.component].error += "" if health.is_healthy else f"; the old container {again}"
        if record:
            await self._registry.add_revision(self._order.spec.name, self._make_revision("rolled-back", {}))
        return self._respond(record.revision if record else 0, rolled_back=True)

    # Results

    def _fail(self, name: str, failure: RuntimeFault | Unhealthy) -> None:
        result = pb.Result(component=name, action="failed", error_code="SERVICE_ERROR", error=str(failure))
        if isinstance(failure, RuntimeFault):
            result.error_code = to_service_error(failure).code
            result.error = f"{failure.message}. {failure.next_step}"
        self._results[name] = result

    async def _fail_with_log(self, name: str, container: str, failure: RuntimeFault | Unhealthy) -> None:
        self._tell(name, "probe", str(failure), done=True)
        self._fail(name, failure)
        try:
            lines = await self._runtime.tail_logs(container, LAST_LINES)
        except RuntimeFault:
            return  # the failure itself is what counts
        self._results[name].last_lines.extend(line.text for line in lines)

    def _make_revision(self, outcome: str, digests: Mapping[str, str]) -> pb.Revision:
        spec = pin_images(self._order.spec, digests)
        revision = pb.Revision(number=self._revision, by=self._order.by, outcome=outcome, spec=spec)
        revision.at.FromNanoseconds(time.time_ns())
        return revision

    def _respond(self, revision: int, *, rolled_back: bool = False) -> pb.DeployResponse:
        order = [component.name for component in self._order.components]
        for name in order:
            self._results.setdefault(name, pb.Result(component=name, ok=True, action=DONE[KEEP]))
        names = [*order, *(name for name in self._results if name not in order)]
        results = [self._results[name] for name in names]
        reason = "; ".join(result.error for result in results if result.action == "failed")
        return pb.DeployResponse(revision=revision, results=results, rolled_back=rolled_back, reason=reason)

    def _tell(self, component: str, phase: str, text: str, *, done: bool = False) -> None:
        if self._report:
            progress = pb.Progress(component=component, phase=phase, text=text, done=done)
            progress.at.FromNanoseconds(time.time_ns())
            self._report(progress)

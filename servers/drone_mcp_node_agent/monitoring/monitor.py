"""Looks at the services at an interval and when something has changed, and runs the alert command for what it finds."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.background import keep_running
from ci_mcp_kit.errors import ServiceError
from drone_mcp_node_agent.monitoring.alert_command import Alert, run_alert_command
from drone_mcp_node_agent.monitoring.alert_conditions import Finding, judge, state_word
from drone_mcp_node_agent.monitoring.follower import Follower
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.configuration.model import Configuration
    from drone_mcp_node_agent.deploying.service_operations import Operations
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime

logger = logging.getLogger(__name__)

SHORTEST: Final = 2.0  # seconds between two looks, however much happens
PRUNING: Final = 3600.0
DAY: Final = 86_400.0
WAITING: Final = 100  # alerts that wait for the command


class Monitor:
    """The monitor of a node."""

    def __init__(
        self, configuration: Configuration, operations: Operations, registry: Registry, runtime: Runtime
    ) -> None:
        self._configuration = configuration
        self._operations = operations
        self._registry = registry
        self._changed = anyio.Event()
        self._follower = Follower(runtime, registry, operations.in_progress, self._wake)
        self._states: dict[tuple[str, str], pb.State.ValueType] = {}
        self._send, self._alerts = anyio.create_memory_object_stream[Alert](WAITING)
        self._pruned_at = 0.0
        self.monitored_at = 0.0

    async def run(self) -> None:
        """Run until it is cancelled; a part that fails starts again."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_running, "The monitor", self._look_for_ever, self._wake)
            tasks.start_soon(keep_running, "The follower of podman's events", self._follower.follow, self._wake)
            tasks.start_soon(keep_running, "The sender of alerts", self._run_commands, self._wake)

    def _wake(self) -> None:
        self._changed.set()

    async def _look_for_ever(self) -> None:
        while True:
            self._changed = anyio.Event()
            await self._look()
            now = time.time()
            if now - self._pruned_at >= PRUNING:
                await self._registry.prune_events(now - self._configuration.monitor.retention_days * DAY)
                self._pruned_at = now
            await anyio.sleep(min(SHORTEST, self._configuration.monitor.interval))
            with anyio.move_on_after(self._configuration.monitor.interval - SHORTEST):
                await self._changed.wait()

    async def _look(self) -> None:
        try:
            found = await self._operations.live_check()
        except ServiceError as error:  # such as an engine that hangs; the next look may succeed
            logger.warning("The services were not looked at: %s. %s", error.message, error.next_step)
            return
        self.monitored_at = time.time()
        for finding in judge(found.services):
            await self._alert(finding)
        self._states = {
            (service.name, component.name): component.observed
            for service in found.services
            for component in service.components
        }

    async def _alert(self, finding: Finding) -> None:
        settings = self._configuration.alerts
        is_due = await self._registry.start_cooldown(
            finding.service, finding.component, finding.kind, now=time.time(), seconds=settings.cooldown
        )
        if not is_due:
            return
        before = self._states.get((finding.service, finding.component), pb.STATE_UNSPECIFIED)
        event = _event(finding.service, finding.component, finding.kind, finding.detail)
        event.to = finding.state
        setattr(event, "from", before)  # a keyword of Python
        await self._registry.add_events(event)
        if not settings.command:
            return
        alert = Alert(
            node=self._configuration.node,
            service=finding.service,
            component=finding.component,
            kind=finding.kind,
            previous=state_word(before),
            current=state_word(finding.state),
            detail=finding.detail,
            at=datetime.now(UTC),
        )
        try:
            self._send.send_nowait(alert)
        except anyio.WouldBlock:
            await self._record_command(alert, "The alert command was not run: too many alerts wait for it")

    async def _run_commands(self) -> None:
        """Run the alert command for one alert after another."""
        async for alert in self._alerts:
            await self._record_command(alert, await run_alert_command(self._configuration.alerts, alert))

    async def _record_command(self, alert: Alert, fault: str) -> None:
        if fault:
            logger.warning("%s/%s: %s", alert.service, alert.component, fault)
        await self._registry.add_events(
            _event(alert.service, alert.component, "alert_failed" if fault else "alert", fault or alert.kind)
        )


def _event(service: str, component: str, kind: str, detail: str) -> pb.Event:
    event = pb.Event(service=service, component=component, kind=kind, detail=detail, by="monitor")
    event.at.FromNanoseconds(time.time_ns())
    return event

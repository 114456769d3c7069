"""Says how a component is, and in a sentence why it is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_node_agent.planning.drift import find_drift
from drone_mcp_nodes_api.definitions.naming import name_container, read_version
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drone_mcp_node_agent.runtime.runtime import Container

KILLED: Final = 137  # 128 + SIGKILL
ORIGIN_LABELS: Final = ("org.opencontainers.image.", "io.drone.")
MOST_LABELS: Final = 20
LONGEST_LABEL: Final = 500


@dataclass(frozen=True)
class CheckResult:
    """What a component's health check said: that it is healthy, or why it is not."""

    is_healthy: bool
    reason: str = ""
    is_starting: bool = False  # failures do not count yet


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a component, and how often it has restarted lately.

    Attributes:
        service: its service, for the name and the labels.
        component: the component.
        runs: whether it should run.
        digest: of the image that was deployed.
        restarts: within the time that flapping is judged by, if that many are flapping; 0 otherwise.
    """

    service: pb.ServiceSpec
    component: pb.ComponentSpec
    runs: bool = True
    digest: str = ""
    restarts: int = 0


def observe(
    wanted: Wanted, container: Container | None, check: CheckResult | None, now: datetime
) -> pb.ComponentStatus:
    """Return the status of a component.

    Args:
        wanted: what is wanted of it.
        container: its container, if there is one.
        check: what its health check said, if it has one and runs.
        now: the time of the observation.
    """
    component = wanted.component
    status = pb.ComponentStatus(
        name=component.name,
        container=name_container(wanted.service.name, component.name),
        desired=pb.STATE_RUNNING if wanted.runs else pb.STATE_STOPPED,
        observed=read_state(container, check, runs=wanted.runs),
        image=component.image,
        version=read_version(component.image),
        flapping=wanted.restarts > 0,
    )
    status.observed_at.FromDatetime(now)
    if container:
        describe_container(status, container)
        status.drift.extend(find_drift(component, wanted.service.labels, container, wanted.digest))
    status.error = check.reason if check and not check.is_healthy else ""
    status.reason = explain(status, container, wanted)
    return status


def describe_container(status: pb.ComponentStatus, container: Container) -> None:
    """Add what the engine knows of a container."""
    status.container = container.name
    status.image = container.spec.image
    status.image_digest = container.image_digest
    status.version = read_version(container.spec.image)
    status.exit_code = container.exit_code
    status.oom_killed = container.oom_killed
    status.restarts = container.restarts
    if container.started_at:
        status.started_at.FromDatetime(container.started_at)
    if container.finished_at and not container.is_running:
        status.finished_at.FromDatetime(container.finished_at)
    status.image_labels.update(select_origin(container.labels))


def select_origin(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that tell where an image comes from, such as its repository and build."""
    found = [(name, value[:LONGEST_LABEL]) for name, value in sorted(labels.items()) if name.startswith(ORIGIN_LABELS)]
    return dict(found[:MOST_LABELS])


def read_state(container: Container | None, check: CheckResult | None, *, runs: bool) -> pb.State.ValueType:
    """Return the state of a container.

    Args:
        container: the container, if there is one.
        check: what its health check said.
        runs: whether it should run. A container that was stopped ends with a code of its own choice, so only one that
            should run has ended by itself.
    """
    if not container:
        return pb.STATE_REMOVED
    if container.is_running:
        if not check or check.is_healthy:
            return pb.STATE_RUNNING
        return pb.STATE_STARTING if check.is_starting else pb.STATE_UNHEALTHY
    if container.status == "paused":
        return pb.STATE_PAUSED
    lost = container.status == "running"
    failed = container.status in {"exited", "stopped"} and container.exit_code != 0
    return pb.STATE_EXITED if lost or (runs and failed) else pb.STATE_STOPPED


def explain(status: pb.ComponentStatus, container: Container | None, wanted: Wanted) -> str:
    """Return why a component is not as it should be; empty if it is."""
    reason = ""
    match status.observed:
        case _ if wanted.restarts:
            reason = f"it restarts again and again: {wanted.restarts} times lately, last with code {status.exit_code}"
        case pb.STATE_RUNNING | pb.STATE_STARTING | pb.STATE_UNHEALTHY if not wanted.runs:
            reason = "it runs although it should be stopped"
        case pb.STATE_REMOVED if wanted.runs:
            reason = f"there is no container {status.container}; start the service to create it"
        case pb.STATE_EXITED | pb.STATE_STOPPED if wanted.runs and container:
            reason = _explain_end(status, container)
        case pb.STATE_PAUSED:
            reason = "it is paused; podman unpause lets it go on"
        case pb.STATE_UNHEALTHY:
            reason = f"its check fails: {status.error}"
        case pb.STATE_STARTING:
            reason = f"its check has not succeeded yet: {status.error}"
        case _ if status.drift:
            reason = f"it differs from its definition in {', '.join(one.field for one in status.drift)}"
        case _:
            pass
    return reason


def _explain_end(status: pb.ComponentStatus, container: Container) -> str:
    if container.status == "running":
        return f"podman says that it runs, but its process {container.pid} is gone; restart the service"
    if not container.finished_at and not container.started_at:
        return "it was created and never started"
    if container.oom_killed:
        return f"it was killed because it used more memory than its limit of {container.spec.resources.memory} bytes"
    if container.exit_code == KILLED and container.spec.resources.memory:
        # podman 4.3 does not know on cgroups v1 (github.com/containers/podman, release notes of 5.0).
        return "it was killed (code 137); its memory limit may be too low"
    at = f" at {container.finished_at:%Y-%m-%d %H:%M:%S} UTC" if container.finished_at else ""
    return f"it ended with code {status.exit_code}{at}"

from datetime import UTC, datetime
from typing import Any

import pytest

from drone_mcp_node_agent.planning.component_status import CheckResult, Wanted, observe
from drone_mcp_node_agent.runtime.runtime import Container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BEFORE = datetime(2026, 11, 29, 11, 30, 5, tzinfo=UTC)
SPEC = pb.ComponentSpec(name="api", image="demo/web:v1.2.0")
SERVICE = pb.ServiceSpec(name="web")


def container(status: str, **fields: Any) -> Container:
    known: dict[str, Any] = {"id": "1", "name": "web-api", "spec": SPEC, "status": status, "started_at": BEFORE}
    return Container(**(known | fields))


def look(found: Container | None, check: CheckResult | None = None, **wanted: Any) -> pb.ComponentStatus:
    return observe(Wanted(SERVICE, SPEC, **wanted), found, check, NOW)


LIMITED = pb.ComponentSpec(name="api", image="demo/web:v1.2.0", resources=pb.Resources(memory="64"))
CASES = {
    "up": (look(container("running")), pb.STATE_RUNNING, ""),
    "healthy": (look(container("running"), CheckResult(is_healthy=True)), pb.STATE_RUNNING, ""),
    "unhealthy": (
        look(container("running"), CheckResult(is_healthy=False, reason="GET / answered 500")),
        pb.STATE_UNHEALTHY,
        "its check fails: GET / answered 500",
    ),
    "starting": (
        look(container("running"), CheckResult(is_healthy=False, reason="no answer", is_starting=True)),
        pb.STATE_STARTING,
        "its check has not succeeded yet: no answer",
    ),
    "paused": (look(container("paused")), pb.STATE_PAUSED, "it is paused; podman unpause lets it go on"),
    "missing": (
        look(None),
        pb.STATE_REMOVED,
        "there is no container web-api; start the service to create it",
    ),
    "missing and not wanted": (look(None, runs=False), pb.STATE_REMOVED, ""),
    "ended": (
        look(container("exited", exit_code=3, finished_at=BEFORE)),
        pb.STATE_EXITED,
        "it ended with code 3 at 2026-11-29 11:30:05 UTC",
    ),
    "ended well": (look(container("exited")), pb.STATE_STOPPED, "it ended with code 0"),
    "created": (look(container("created", started_at=None)), pb.STATE_STOPPED, "it was created and never started"),
    "stopped by its time limit": (look(container("exited", exit_code=137), runs=False), pb.STATE_STOPPED, ""),
    "runs although it should not": (
        look(container("running"), runs=False),
        pb.STATE_RUNNING,
        "it runs although it should be stopped",
    ),
    "out of memory": (
        look(container("exited", exit_code=137, oom_killed=True, spec=LIMITED)),
        pb.STATE_EXITED,
        "it was killed because it used more memory than its limit of 64 bytes",
    ),
    "killed, by whatever": (
        look(container("exited", exit_code=137, spec=LIMITED)),
        pb.STATE_EXITED,
        "it was killed (code 137); its memory limit may be too low",
    ),
    "without its process": (
        look(container("running", has_process=False, pid=42)),
        pb.STATE_EXITED,
        "podman says that it runs, but its process 42 is gone; restart the service",
    ),
    "flapping": (
        look(container("running", exit_code=9), restarts=5),
        pb.STATE_RUNNING,
        "it restarts again and again: 5 times lately, last with code 9",
    ),
    "another image": (
        look(container("running", spec=pb.ComponentSpec(image="demo/web:v1"))),
        pb.STATE_RUNNING,
        "it differs from its definition in image",
    ),
}


@pytest.mark.parametrize(("status", "state", "reason"), CASES.values(), ids=CASES.keys())
def test_a_component_is_in_a_state_for_a_reason(
    status: pb.ComponentStatus, state: pb.State.ValueType, reason: str
) -> None:
    assert (pb.State.Name(status.observed), status.reason) == (pb.State.Name(state), reason)


def test_a_status_tells_what_runs_and_where_it_comes_from() -> None:
    labels = {"org.opencontainers.image.source": "x" * 600, "io.drone.build.number": "42", "nodes.service": "web"}
    status = look(container("running", labels=labels, image_digest="sha256:1", restarts=2))
    assert (status.name, status.container, status.version) == ("api", "web-api", "v1.2.0")
    assert (status.image_digest, status.restarts, status.desired) == ("sha256:1", 2, pb.STATE_RUNNING)
    assert status.started_at.ToDatetime(UTC) == BEFORE
    assert status.observed_at.ToDatetime(UTC) == NOW
    assert dict(status.image_labels) == {"io.drone.build.number": "42", "org.opencontainers.image.source": "x" * 500}

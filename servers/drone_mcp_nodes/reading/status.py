"""Shows one service: how its components stand, why, what differs from the definition, and what happened lately."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_nodes.formatting import NAME_WIDTH, REASON_WIDTH, age, describe_drift, fit
from drone_mcp_nodes.reading.events import describe_event
from drone_mcp_nodes.reading.views import BuildLine, StatusView
from drone_mcp_nodes.rules.image_labels import read_build
from drone_mcp_nodes.rules.standing import component_standing, service_standing, state_word
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes.access import NodesAccess, Place
    from drone_mcp_nodes.rules.standing import Standing

BUDGET: Final = 1_800  # tokens of an answer
EVENTS: Final = 20  # that a node is asked for
# The tools of other servers that next steps name.
_TOOLS: Final[dict[str, str]] = json.loads((Path(__file__).parents[1] / "next_tools.json").read_text("utf-8"))
LEVELS: Final = (50, 20, 10, 5)  # components and drift lines that are shown, and a third as many events


async def read_status(access: NodesAccess, place: Place) -> pb.GetServiceStatusResponse:
    """Return how a service stands now."""
    request = pb.GetServiceStatusRequest(service=place.service, events_limit=EVENTS)
    answer: pb.GetServiceStatusResponse = await access.read(place.node, "GetServiceStatus", request)
    return answer


async def get_status(access: NodesAccess, place: Place, now: float) -> StatusView:
    """Return the status of a service, those components first that need somebody."""
    answer = await read_status(access, place)
    return fit(lambda most: _describe(place, answer, now, most), LEVELS, BUDGET)


def _describe(place: Place, answer: pb.GetServiceStatusResponse, now: float, most: int) -> StatusView:
    status = answer.service
    standing = service_standing(status.components)
    ranked = sorted(status.components, key=lambda one: (component_standing(one).rank, one.name))
    drifted = [component for component in ranked if component.drift]
    shown, events = ranked[:most], answer.events[: max(2, most // 3)]
    images = ((component.name, read_build(component.image_labels)) for component in shown)
    builds = tuple(
        BuildLine(component=name, repo=build.repo, number=build.number, commit=build.commit)
        for name, build in images
        if build.repo or build.number
    )
    hidden = {"components": len(ranked) - len(shown), "events": len(answer.events) - len(events)}
    return StatusView(
        service=str(place),
        state=standing.kind,
        reason=one_line(status.reason, REASON_WIDTH),
        operation=one_line(status.operation, NAME_WIDTH),
        active=status.active,
        revision=status.revision,
        components=tuple(_describe_component(component, now) for component in shown),
        drift=tuple(f"{one.name}: {one_line(describe_drift(one.drift), REASON_WIDTH)}" for one in drifted[:most]),
        builds=builds,
        events=tuple(describe_event(event) for event in events),
        left_out=", ".join(f"{count} {what}" for what, count in hidden.items() if count),
        next_step=_next_step(place, standing, builds),
    )


def _describe_component(component: pb.ComponentStatus, now: float) -> str:
    """Return a component on one line: `web: unhealthy, v1.2.0, up 3 h, 2 restarts: it answers with 500`."""
    standing = component_standing(component)
    # A shown state is the observed one where the kind does not say it: "drifted" and "flapping" hide it.
    observed = state_word(component.observed)
    state = standing.kind if observed in {"", standing.kind} else f"{standing.kind} ({observed})"
    is_up = component.observed in {pb.STATE_RUNNING, pb.STATE_UNHEALTHY, pb.STATE_STARTING}
    parts = [
        state,
        one_line(component.version or component.image, NAME_WIDTH),
        f"up {age(component.started_at, now)}" if is_up and component.started_at.seconds > 0 else "",
        f"exit code {component.exit_code}" if component.observed == pb.STATE_EXITED else "",
        "out of memory" if component.oom_killed else "",
        f"{component.restarts} restarts" if component.restarts else "",
    ]
    why = one_line(component.reason or component.error, REASON_WIDTH)
    return f"{component.name}: {', '.join(part for part in parts if part)}" + (f": {why}" if why else "")


def _next_step(place: Place, standing: Standing, builds: tuple[BuildLine, ...]) -> str:
    """Return what to look at next where something is wrong: the log, and the build of the component's image."""
    if not standing.needs_somebody:
        return ""
    build = next((build for build in builds if build.component == standing.component), None)
    steps = [f"Read its log with nodes_get_logs, service {place}, component {standing.component}"]
    if build and build.repo and build.number:
        tools = f"{_TOOLS['build']} or {_TOOLS['diagnose']}"
        steps.append(f"look at the build of its image with {tools}, repo {build.repo}, number {build.number}")
    elif build and build.repo and build.commit:
        tool = _TOOLS["find_builds"]
        steps.append(f"find the build of its image with {tool}, repo {build.repo}, commit {build.commit}")
    return ", and ".join(steps)

"""Decides what of a look at the services is worth an alert. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOWN: Final = {pb.STATE_STOPPED, pb.STATE_EXITED, pb.STATE_REMOVED, pb.STATE_PAUSED}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a component that a person should know.

    Attributes:
        kind: `down`, `unhealthy`, `flapping` or `drift`.
        state: how the component is.
        detail: a sentence.
    """

    service: str
    component: str
    kind: str
    state: pb.State.ValueType
    detail: str


def judge(services: Iterable[pb.ServiceStatus]) -> Iterator[Finding]:
    """Yield a finding for each component that is not as it should be, the worst only.

    A service that something is being done to is left out: its components stop and start because of that.
    """
    for service in services:
        for component in () if service.operation else service.components:
            if kind := _kind(component):
                detail = component.reason or f"{component.name} is {state_word(component.observed)}"
                yield Finding(service.name, component.name, kind, component.observed, detail)


def _kind(component: pb.ComponentStatus) -> str:
    is_wanted = component.desired == pb.STATE_RUNNING
    if component.flapping:
        return "flapping"
    if is_wanted and component.observed in DOWN:
        return "down"
    if is_wanted and component.observed == pb.STATE_UNHEALTHY:
        return "unhealthy"
    is_extra = component.desired == pb.STATE_STOPPED and component.observed == pb.STATE_RUNNING
    return "drift" if component.drift or is_extra else ""


def state_word(state: pb.State.ValueType) -> str:
    """Return a state in lower case, "" if it was never asked for."""
    return "" if state == pb.STATE_UNSPECIFIED else pb.State.Name(state).removeprefix("STATE_").lower()

"""How a component and a service stand: what is wanted against what was observed, the worst first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS: Final = (
    "failed",
    "unhealthy",
    "flapping",
    "missing",
    "down",
    "paused",
    "unwanted",
    "drifted",
    "starting",
    "unknown",
    "running",
    "stopped",
    "ignored",
)
"""Every kind of standing, the worst first."""
NEEDS_SOMEBODY: Final = frozenset(KINDS[: KINDS.index("starting")])
UNDER_WAY: Final = frozenset({"starting", "unknown"})

_KIND_WHERE_RUNNING_IS_WISHED: Final = {
    pb.STATE_UNSPECIFIED: "unknown",
    pb.STATE_RUNNING: "running",
    pb.STATE_STOPPED: "down",
    pb.STATE_EXITED: "failed",
    pb.STATE_PAUSED: "paused",
    pb.STATE_REMOVED: "missing",
    pb.STATE_UNHEALTHY: "unhealthy",
    pb.STATE_STARTING: "starting",
}
_AT_REST: Final = frozenset({pb.STATE_UNSPECIFIED, pb.STATE_STOPPED, pb.STATE_EXITED, pb.STATE_REMOVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How something stands: a kind, and the component that it is the kind of."""

    kind: str
    component: str = ""

    @property
    def rank(self) -> int:
        """The place in a list with the worst first."""
        return KINDS.index(self.kind)

    @property
    def needs_somebody(self) -> bool:
        """Whether it does not get right by itself."""
        return self.kind in NEEDS_SOMEBODY


def component_standing(component: pb.ComponentStatus) -> Standing:
    """Return how a component stands."""
    if component.desired == pb.STATE_IGNORE:
        kind = "ignored"
    elif component.desired in _AT_REST - {pb.STATE_UNSPECIFIED}:
        kind = "stopped" if component.observed in _AT_REST else "unwanted"
    else:
        kind = _KIND_WHERE_RUNNING_IS_WISHED.get(component.observed, "unknown")
        if component.flapping:
            # First: whichever state a look has found, the next look would find another one.
            kind = "flapping"
        elif kind == "running" and component.drift:
            kind = "drifted"
    return Standing(kind=kind, component=component.name)


def service_standing(components: Iterable[pb.ComponentStatus]) -> Standing:
    """Return that of the worst component; unknown where there is none."""
    return min(map(component_standing, components), key=lambda one: one.rank, default=Standing(kind="unknown"))


def state_word(state: int) -> str:
    """Return the word for a state: `running`; "" where it is not known."""
    known = state in pb.State.values() and state != pb.STATE_UNSPECIFIED
    return pb.State.Name(pb.State.ValueType(state)).removeprefix("STATE_").lower() if known else ""

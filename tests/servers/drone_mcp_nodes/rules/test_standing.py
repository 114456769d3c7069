"""A service stands as its worst component does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_nodes.rules.standing import KINDS, component_standing, service_standing
from drone_mcp_nodes_api.wire import agent_pb2 as pb

STATES = st.sampled_from(pb.State.values())
COMPONENTS = st.builds(
    pb.ComponentStatus,
    name=st.sampled_from(["web", "db", "cache"]),
    desired=STATES,
    observed=STATES,
    flapping=st.booleans(),
    drift=st.lists(st.just(pb.Drift(field="image")), max_size=1),
)


@given(st.lists(COMPONENTS, min_size=1))
def test_a_service_stands_as_its_worst_component(components: list[pb.ComponentStatus]) -> None:
    ranks = [component_standing(component).rank for component in components]
    assert service_standing(components).rank == min(ranks)


@given(COMPONENTS)
def test_only_what_runs_undisturbed_as_wanted_is_called_running(component: pb.ComponentStatus) -> None:
    standing = component_standing(component)
    assert standing.kind in KINDS
    if standing.kind == "running":
        assert component.observed == pb.STATE_RUNNING
        assert not component.flapping
        assert not component.drift


def test_a_service_without_components_is_unknown() -> None:
    assert service_standing([]).kind == "unknown"

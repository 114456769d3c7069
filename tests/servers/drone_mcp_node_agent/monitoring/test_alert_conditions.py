"""Which states of components are worth an alert."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_node_agent.monitoring.alert_conditions import DOWN, Finding, judge
from drone_mcp_nodes_api.wire import agent_pb2 as pb

STATES = st.sampled_from(pb.State.values())
COMPONENTS = st.builds(
    pb.ComponentStatus,
    name=st.sampled_from(["api", "db", "web"]),
    desired=STATES,
    observed=STATES,
    flapping=st.booleans(),
    reason=st.sampled_from(["", "it ended with code 3"]),
    drift=st.lists(st.builds(pb.Drift, field=st.just("image")), max_size=1),
)


def shop(*components: pb.ComponentStatus, operation: str = "") -> pb.ServiceStatus:
    return pb.ServiceStatus(name="shop", components=components, operation=operation)


@pytest.mark.parametrize(
    ("desired", "observed", "more", "kind"),
    [
        (pb.STATE_RUNNING, pb.STATE_RUNNING, {}, ""),
        (pb.STATE_RUNNING, pb.STATE_STARTING, {}, ""),
        (pb.STATE_RUNNING, pb.STATE_EXITED, {}, "down"),
        (pb.STATE_RUNNING, pb.STATE_REMOVED, {}, "down"),
        (pb.STATE_RUNNING, pb.STATE_PAUSED, {}, "down"),
        (pb.STATE_RUNNING, pb.STATE_UNHEALTHY, {}, "unhealthy"),
        (pb.STATE_RUNNING, pb.STATE_EXITED, {"flapping": True}, "flapping"),
        (pb.STATE_RUNNING, pb.STATE_RUNNING, {"drift": [pb.Drift(field="image")]}, "drift"),
        (pb.STATE_STOPPED, pb.STATE_STOPPED, {}, ""),
        (pb.STATE_STOPPED, pb.STATE_EXITED, {}, ""),
        (pb.STATE_STOPPED, pb.STATE_RUNNING, {}, "drift"),
        (pb.STATE_IGNORE, pb.STATE_EXITED, {}, ""),
    ],
)
def test_a_component_is_judged_by_what_is_wanted_and_what_is_seen(
    desired: pb.State.ValueType, observed: pb.State.ValueType, more: dict[str, bool], kind: str
) -> None:
    component = pb.ComponentStatus(name="api", desired=desired, observed=observed, **more)  # type: ignore[arg-type] # of several fields
    assert [finding.kind for finding in judge([shop(component)])] == ([kind] if kind else [])


def test_a_finding_has_the_reason_or_the_state() -> None:
    ended = pb.ComponentStatus(
        name="api", desired=pb.STATE_RUNNING, observed=pb.STATE_EXITED, reason="it ended with code 3"
    )
    gone = pb.ComponentStatus(name="db", desired=pb.STATE_RUNNING, observed=pb.STATE_REMOVED)
    assert [*judge([shop(ended, gone)])] == [
        Finding("shop", "api", "down", pb.STATE_EXITED, "it ended with code 3"),
        Finding("shop", "db", "down", pb.STATE_REMOVED, "db is removed"),
    ]


@given(st.lists(COMPONENTS, max_size=5))
def test_a_component_has_one_finding_at_most_and_none_during_an_operation(components: list[pb.ComponentStatus]) -> None:
    assert len([*judge([shop(*components)])]) <= len(components)
    assert [*judge([shop(*components, operation="deploy")])] == []


@given(COMPONENTS)
def test_a_component_that_should_run_and_does_not_is_never_overlooked(component: pb.ComponentStatus) -> None:
    found = [*judge([shop(component)])]
    if component.desired == pb.STATE_RUNNING and component.observed in {*DOWN, pb.STATE_UNHEALTHY}:
        assert len(found) == 1
    assert all(finding.detail for finding in found)

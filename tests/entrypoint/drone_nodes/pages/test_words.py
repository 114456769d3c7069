"""States and times in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes.pages.words import clean, format_age, judge_service, name_state

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def ago(**time: int) -> Timestamp:
    return Timestamp(seconds=int((NOW - timedelta(**time)).timestamp()))


@pytest.mark.parametrize(
    ("stamp", "age"),
    [
        (ago(seconds=0), "0s"),
        (ago(seconds=61), "1m 1s"),
        (ago(minutes=60), "1h"),
        (ago(days=3, hours=4, minutes=5), "3d 4h"),
        (ago(days=3, minutes=5), "3d"),
        (ago(seconds=-5), "0s"),  # a node whose clock is ahead
        (Timestamp(), ""),
        (Timestamp(seconds=-62135596800), ""),  # podman's time of what never started
    ],
)
def test_an_age_has_its_two_largest_units(stamp: Timestamp, age: str) -> None:
    assert format_age(stamp, NOW) == age


@given(st.permutations([one for one in pb.State.values() if one != pb.STATE_UNHEALTHY]))
def test_the_worst_component_stands_for_its_service(states: list[pb.State.ValueType]) -> None:
    components = [pb.ComponentStatus(desired=pb.STATE_RUNNING, observed=state) for state in states]
    components.append(pb.ComponentStatus(name="sick", desired=pb.STATE_RUNNING, observed=pb.STATE_UNHEALTHY))
    assert judge_service(pb.ServiceStatus(components=components)).name == "sick"


def test_a_component_that_flaps_stands_before_all_others() -> None:
    flapping = pb.ComponentStatus(name="a", desired=pb.STATE_RUNNING, observed=pb.STATE_RUNNING, flapping=True)
    down = pb.ComponentStatus(name="b", desired=pb.STATE_RUNNING, observed=pb.STATE_EXITED)
    assert judge_service(pb.ServiceStatus(components=[down, flapping])).name == "a"


def test_a_component_that_is_stopped_as_wanted_does_not_stand_before_one_that_is_not_well() -> None:
    stopped = pb.ComponentStatus(name="a", desired=pb.STATE_STOPPED, observed=pb.STATE_STOPPED)
    starting = pb.ComponentStatus(name="b", desired=pb.STATE_RUNNING, observed=pb.STATE_STARTING)
    assert judge_service(pb.ServiceStatus(components=[stopped, starting])).name == "b"


def test_a_service_without_components_is_judged_too() -> None:
    assert name_state(judge_service(pb.ServiceStatus()).observed) == "unknown"


def test_a_state_of_a_later_release_is_unknown() -> None:
    assert name_state(pb.ComponentStatus.FromString(b"\x18\x63").observed) == "unknown"


@given(st.text())
def test_no_text_of_a_node_moves_the_cursor(text: str) -> None:
    assert not {*clean(text).plain} & {"\x1b", "\n", "\r", "\x9b", "\x07"}

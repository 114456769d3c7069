"""Definitions as messages and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes_api.definitions.messages import from_message, make_duration, read_duration, to_message
from drone_mcp_nodes_api.wire import agent_pb2
from support.definitions import SERVICES

if TYPE_CHECKING:
    from drone_mcp_nodes_api.definitions.model import Service


@given(SERVICES)
def test_a_definition_comes_back_from_its_message(service: Service) -> None:
    sent = agent_pb2.ServiceSpec.FromString(to_message(service).SerializeToString())
    assert from_message(sent) == service


def test_what_a_message_leaves_out_has_the_defaults_of_a_file() -> None:
    component = agent_pb2.ComponentSpec(name="a", image="x", health=agent_pb2.HealthCheck(tcp="80"))
    service = from_message(agent_pb2.ServiceSpec(name="a", node="n", active=True, components=[component]))
    found = service.components[0]
    assert (found.restart, found.order, found.stop_timeout) == ("no", "stop-first", 10)
    assert found.health
    assert (found.health.interval, found.health.retries) == (5, 3)


def test_a_message_is_held_to_the_rules_of_files() -> None:
    component = agent_pb2.ComponentSpec(name="../a", image="x", ports=["80"])
    with pytest.raises(InvalidInput, match=r"components\[0\]\.name: '\.\./a' cannot be used.*components\[0\]\.ports"):
        from_message(agent_pb2.ServiceSpec(name="a", node="n", components=[component]))


@given(st.integers(0, 86_400_000))
def test_a_duration_keeps_its_milliseconds(milliseconds: int) -> None:
    assert read_duration(make_duration(milliseconds / 1000)) == milliseconds / 1000

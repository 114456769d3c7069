"""The committed code of the gRPC service is what protoc makes of agent.proto today."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from drone_mcp_nodes_api.wire import agent_pb2

ROOT = Path(__file__).parents[4]
WIRE = ROOT / "shared" / "drone_mcp_nodes_api" / "wire"


@pytest.mark.checkout
def test_generating_the_code_again_changes_nothing(tmp_path: Path) -> None:
    generate = import_module("generate_wire").generate  # a script, which is not there beside the wheel
    generate(tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "drone_mcp_nodes_api/wire").iterdir()}
    assert made == {path.name: path.read_text(encoding="utf-8") for path in WIRE.glob("*_pb2*")}


def test_the_service_has_the_name_that_other_programs_call_it_by() -> None:
    assert agent_pb2.DESCRIPTOR.services_by_name["McpAgentService"].full_name == "mcp.v1.McpAgentService"

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client

from drone_mcp_actions.server import create
from drone_mcp_actions.tools import OPERATION_OF
from drone_mcp_build.guard.action import OPERATIONS
from drone_mcp_build.guard.settings import ActionSettings
from support.actions_desk import TOOLS


@pytest.mark.parametrize(
    ("tool", "destructive", "idempotent"),
    [
        ("drone_start_build", False, False),  # a new build each time
        ("drone_restart_build", False, False),  # a new build each time; the old one stays
        ("drone_stop_build", True, True),  # what ran is lost; a second stop changes nothing
        ("drone_approve_build", True, True),  # what ran with the secrets cannot be taken back
        ("drone_decline_build", True, True),  # for good
    ],
)
async def test_the_annotations_are_true(tool: str, destructive: bool, idempotent: bool) -> None:
    async with Client(create(ActionSettings(server="http://drone.test"))) as client:
        (notes,) = [item.annotations for item in (await client.list_tools()).tools if item.name == tool]
    assert notes
    assert (notes.read_only_hint, notes.destructive_hint, notes.idempotent_hint) == (False, destructive, idempotent)


def test_every_operation_has_its_tool() -> None:
    assert set(OPERATION_OF) == {"drone_start_build", *TOOLS}
    of_deploy = {"promote", "rollback", "stop-preview"}
    assert set(OPERATION_OF.values()) == OPERATIONS.keys() - of_deploy


async def test_the_way_out_closes_both_clients(at: Any) -> None:
    async with at() as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1)
    # A client left open would be a ResourceWarning, which is an error here.

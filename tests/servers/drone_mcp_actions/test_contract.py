"""What a client is promised: schemas, annotations, manifest, budgets. UPDATE_SNAPSHOTS=1 rewrites the snapshots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_actions import server
from drone_mcp_actions.server import SPEC, create
from drone_mcp_actions.tools import OPERATION_OF
from drone_mcp_build.guard.operations import OPERATIONS
from drone_mcp_build.guard.settings import GuardSettings
from drone_mcp_build.settings import Settings
from drone_mcp_kit.manifest import manifest, manifest_text
from support.actions_desk import TOOLS
from support.inventory import check_snapshots, inventory_faults, tokens

PACKAGE = Path(server.__file__).parent
MANIFEST = PACKAGE / "manifest.json"


async def listed(mode: Any = "auto") -> list[Any]:
    async with Client(create(Settings(server="http://drone.test"), GuardSettings()), mode=mode) as client:
        return list((await client.list_tools()).tools)


async def test_the_inventory_keeps_the_rules() -> None:
    tools = await listed()
    assert [tool.name for tool in tools] == list(TOOLS)
    assert inventory_faults(SPEC.name, tools) == []
    assert tokens(tools) <= 1_500
    check_snapshots(tools, Path(__file__).parent / "snapshots")


async def test_both_eras_see_the_same() -> None:
    modern, legacy = [[tool.model_dump() for tool in await listed(mode)] for mode in ("auto", "legacy")]
    assert modern == legacy


@pytest.mark.parametrize(
    ("tool", "destructive", "idempotent"),
    [
        ("drone_restart_build", False, False),  # a new build each time; the old one stays
        ("drone_stop_build", True, True),  # what ran is lost; a second stop changes nothing
        ("drone_approve_build", True, True),  # what ran with the secrets cannot be taken back
        ("drone_decline_build", True, True),  # for good
    ],
)
async def test_the_annotations_are_true(tool: str, destructive: bool, idempotent: bool) -> None:
    (notes,) = [item.annotations for item in await listed() if item.name == tool]
    assert (notes.read_only_hint, notes.destructive_hint, notes.idempotent_hint) == (False, destructive, idempotent)


async def test_the_manifest_tells_what_the_server_offers() -> None:
    text = manifest_text(await manifest(SPEC, create(Settings(server="http://drone.test"), GuardSettings())))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        MANIFEST.write_text(text, encoding="utf-8")
    assert MANIFEST.read_text(encoding="utf-8") == text


def test_the_instructions_are_short_and_name_every_tool() -> None:
    assert len(SPEC.instructions) <= 1_500
    assert all(name in SPEC.instructions for name in TOOLS)


def test_every_operation_has_its_tool() -> None:
    assert set(OPERATION_OF) == set(TOOLS)
    assert set(OPERATION_OF.values()) == OPERATIONS.keys()


async def test_the_way_out_closes_both_clients(at: Any) -> None:
    async with at() as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1)
    # A client left open would be a ResourceWarning, which is an error here.

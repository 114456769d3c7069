"""The answers that `docs/diagnosis.md` shows are those of the tools. UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from mcp import Client

from ci_mcp_simulator.clock import EPOCH
from drone_mcp_logs.server import create
from drone_mcp_logs.settings import LogSettings
from pages.markdown import splice
from support.simulator import running_simulator

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parent.parent / "docs" / "diagnosis.md"
EXAMPLES = {"regression": "drone_find_regression", "flaky": "drone_find_flaky_steps"}


async def test_the_answers_on_the_page_are_those_of_the_tools() -> None:
    page = PAGE.read_text(encoding="utf-8")
    async with running_simulator("history", socket=True) as drone:
        settings = LogSettings.from_environment({"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token})
        for name, tool in EXAMPLES.items():
            async with Client(create(settings, clock=lambda: EPOCH)) as client:
                result = await client.call_tool(tool, {"repo": "octo/shop"})
            text = result.content[0].text  # type: ignore[union-attr]  # text is all there is
            page = splice(page, name, f"```\n{text}\n```")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        PAGE.write_text(page, encoding="utf-8")
    assert unsigned(PAGE.read_text(encoding="utf-8")) == unsigned(page), (
        "run UPDATE_SNAPSHOTS=1 scripts/test, then read the diff"
    )


def unsigned(page: str) -> str:
    """Leave out the signature, which changes with the choice of lines."""
    return re.sub(r"(?m)^Signature: [0-9a-f]{12}$", "Signature", page)

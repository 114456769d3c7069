"""docs/examples/fleet.md has an answer of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.actions_desk import Person
from support.coder import ON, fleet
from support.examples import hold_examples

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

CALLS: dict[str, dict[str, Any]] = {
    "fleet_list_agents": {},
    "fleet_show_agent": {"agent": "cart"},
    "fleet_list_roles": {},
    "fleet_list_projects": {},
    "fleet_get_messages": {"agent": "cart"},
    "fleet_create_agent": {"name": "till", "role": "dev", "project": "acme/shop", "task": "Add a till"},
    "fleet_wait_for_agent": {"agent": "till", "until": "ready"},
    "fleet_send_message": {"agent": "cart", "message": "The tests of main are green again."},
    "fleet_start_task": {"agent": "blog", "task": "Review the newest post"},
    "fleet_task_history": {"agent": "blog"},
    "fleet_stop_task": {"agent": "till"},
    "fleet_delete_agent": {"agent": "cart", "dry_run": True},
    "fleet_set_pull_request": {"agent": "cart", "address": "https://git.example.com/acme/shop/pull/17"},
}


async def test_the_examples_are_what_the_tools_answer(tmp_path: Path) -> None:
    async with fleet(tmp_path, person=Person(), **ON) as desk:
        await hold_examples("fleet", desk.client, CALLS)

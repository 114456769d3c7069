"""docs/examples/actions.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from support.actions_desk import Person
from support.examples import hold_examples

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

CALLS: dict[str, dict[str, Any]] = {
    "drone_start_build": {"repo": "octo/hello", "branch": "main"},
    "drone_restart_build": {"repo": "octo/hello", "number": 1},
    "drone_stop_build": {"repo": "octo/hello", "number": 2},
    "drone_approve_build": {"repo": "octo/guarded", "number": 1, "dry_run": True},
    "drone_decline_build": {"repo": "octo/guarded", "number": 1},
}


async def test_the_examples_are_what_the_tools_answer(at: Any) -> None:
    async with at(person=Person()) as desk:
        await hold_examples("actions", desk.client, CALLS)

"""docs/examples/builds.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from support.examples import hold_examples
from support.simulator import simulated

pytestmark = pytest.mark.checkout

BUILD = {"repo": "octo/hello", "number": 4}
CALLS: dict[str, dict[str, Any]] = {
    "drone_list_repos": {"limit": 2},
    "drone_list_builds": {"repo": "octo/hello", "limit": 2},
    "drone_get_build": BUILD,
    "drone_wait_for_build": BUILD,
    "drone_find_builds": {"repo": "octo/hello", "branch": "main", "limit": 2},
}


async def test_the_examples_are_what_the_tools_answer(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        await hold_examples("builds", agent.client, CALLS)

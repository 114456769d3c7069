"""docs/examples/logs.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from support.examples import hold_examples
from support.simulator import simulated

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": "octo/hello"}
CALLS: dict[str, dict[str, Any]] = {
    "drone_diagnose_build": {**REPO, "number": 4},
    "drone_compare_builds": {**REPO, "a": 4, "b": 3},
    "drone_find_regression": REPO,
    "drone_find_flaky_steps": REPO,
    "drone_get_build_logs": {**REPO, "number": 4, "step": "test", "tail": 5},
    "drone_search_build_logs": {**REPO, "number": 4, "pattern": r"\bFAILED\b", "max_matches": 1},
}


async def test_the_examples_are_what_the_tools_answer(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        await hold_examples("logs", agent.client, CALLS)

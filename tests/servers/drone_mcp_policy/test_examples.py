"""docs/examples/policy.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from support.examples import hold_examples
from support.simulator import simulated

pytestmark = pytest.mark.checkout

BUILD = {"repo": "octo/hello", "number": 4}


async def test_the_examples_are_what_the_tools_answer(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        await hold_examples("policy", agent.client, {"drone_evaluate_build": BUILD, "drone_explain_policy": BUILD})

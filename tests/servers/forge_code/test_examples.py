"""docs/examples/code.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from support.examples import hold_examples

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": "octo/hello"}
CALLS: dict[str, dict[str, Any]] = {
    "drone_get_repository": REPO,
    "drone_list_files": REPO,
    "drone_read_file": {**REPO, "path": "src/main.py", "build": 2},
    "drone_list_commits": {**REPO, "limit": 2},
    "drone_compare_refs": {**REPO, "base_build": 1, "head_build": 2},
}


async def test_the_examples_are_what_the_tools_answer(desk: Any) -> None:
    async with desk() as opened:
        await hold_examples("code", opened.agent.client, CALLS)

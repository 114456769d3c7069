"""docs/examples.md has an answer of each tool of three servers: UPDATE_SNAPSHOTS=1 asks the simulated Drone again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pages.markdown import splice
from support.snapshots import hold

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parents[3] / "docs" / "examples.md"
SERVERS = ("builds", "logs", "policy")  # of the role dev, those that ask Drone alone
CALLS: dict[str, tuple[str, ...]] = {
    "drone_list_repos": ("limit=2",),
    "drone_list_builds": ("repo=octo/hello", "limit=2"),
    "drone_get_build": ("repo=octo/hello", "number=4"),
    "drone_wait_for_build": ("repo=octo/hello", "number=4"),
    "drone_find_builds": ("repo=octo/hello", "branch=main", "limit=2"),
    "drone_diagnose_build": ("repo=octo/hello", "number=4", "token_budget=400"),
    "drone_compare_builds": ("repo=octo/hello", "a=4", "b=3"),
    "drone_find_regression": ("repo=octo/hello",),
    "drone_find_flaky_steps": ("repo=octo/hello",),
    "drone_get_build_logs": ("repo=octo/hello", "number=4", "token_budget=326"),
    "drone_search_build_logs": ("repo=octo/hello", "number=4", r"pattern=\bFAILED\b", "max_matches=1"),
    "drone_evaluate_build": ("repo=octo/hello", "number=4"),
    "drone_explain_policy": ("repo=octo/hello", "number=4"),
}


def test_every_tool_of_these_servers_has_an_example() -> None:
    manifests = [PAGE.parents[1] / "servers" / f"drone_mcp_{name}" / "manifest.json" for name in SERVERS]
    tools = [tool["name"] for file in manifests for tool in json.loads(file.read_text(encoding="utf-8"))["tools"]]
    assert list(CALLS) == tools


def test_the_examples_are_what_the_tools_answer(desk: Desk) -> None:
    parts = []
    for tool, arguments in CALLS.items():
        done = desk.run("call", tool, *arguments, "--json")
        assert done.code in {0, 1}, done.err
        answer = json.dumps(done.data, indent=2, ensure_ascii=False).replace(
            "http://drone.test", "https://drone.example.com"
        )
        parts.append(f"## `{tool}`\n\n`{' '.join(arguments)}`\n\n```json\n{same_each_time(answer)}\n```\n")
    hold(PAGE, splice(PAGE.read_text(encoding="utf-8"), "examples", "\n".join(parts)))


def same_each_time(answer: str) -> str:
    """Return an answer without the time at which it was read, and with one mark for all logs, which is a random one."""
    timeless = re.sub(r'"as_of": "[^"]+"', '"as_of": "…"', answer)
    return re.sub(r"(<<<log )[0-9a-f]{8}|[0-9a-f]{8}( log>>>)", r"\g<1>1a2b3c4d\g<2>", timeless)

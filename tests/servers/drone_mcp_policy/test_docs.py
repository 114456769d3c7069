"""docs/policy.md is held against the code: UPDATE_SNAPSHOTS=1 rewrites its table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from ci_mcp_logs.diagnosis.verdicts import CLASSES
from drone_mcp_policy.rules_file import _RETRIES, _WHEN, read_rules
from drone_mcp_policy.states import ACTIONS, DEFAULT_ACTIONS, Action
from support.policy_cases import rules_of
from support.snapshots import hold

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"
START, END = "rewrites it -->\n", "<!-- end of states -->"

pytestmark = pytest.mark.checkout


def states() -> str:
    rows = [f"| `{state}` | `{action}` | {why} |" for state, (action, why) in DEFAULT_ACTIONS.items()]
    return "\n".join(["| state | action | because |", "|---|---|---|", *rows]) + "\n"


def test_the_table_of_states_is_the_one_in_force() -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(START)
    hold(PAGE, f"{head}{START}{states()}{END}{rest.split(END)[1]}")


def test_the_example_is_a_rule_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [rule.then for rule in rules_of(tmp_path, example).rules] == ["continue", "stop", "retry"]


def test_every_word_of_a_rule_file_is_documented() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    assert {*_WHEN, *_RETRIES, *ACTIONS, *CLASSES, *get_args(Action)} <= named


def test_the_tools_that_the_shipped_rules_name_are_there_and_take_a_build() -> None:
    for name in {name for names in read_rules().tools.values() for name in names}:
        (snapshot,) = PAGE.parents[1].glob(f"tests/servers/*/snapshots/{name}.json")
        schema = json.loads(snapshot.read_text(encoding="utf-8"))["inputSchema"]
        assert {"repo", "number"} <= schema["properties"].keys(), name
        assert set(schema.get("required", ())) <= {"repo", "number"}, name

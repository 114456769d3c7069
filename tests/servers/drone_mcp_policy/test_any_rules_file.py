"""Whatever a rule file holds: it is rules, or its mistakes have a line."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, example, given, settings

from ci_mcp_kit.yaml_source import InvalidFile
from drone_mcp_policy.rules_file import read_rules
from support.odd_yaml import documents

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED: dict[str, Any] = yaml.safe_load(
    resources.files("drone_mcp_policy").joinpath("default.yaml").read_text("utf-8")
)


@given(text=documents(SHIPPED))
@example(text="rules: " + "9" * 5000)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rule_file_is_read_or_has_mistakes_with_their_lines(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        read_rules(file)
    except InvalidFile as error:
        unplaced = [p for p in error.problems if not re.match(rf"{re.escape(str(file))}:\d+: \S", str(p))]
    else:
        unplaced = []
    assert unplaced == []

"""For any content of a rule file: it is rules, or its mistakes have a line."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, example, given, settings

from drone_mcp_policy.rules_file import read_rules
from support.odd_yaml import documents, unplaced_mistakes

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED: dict[str, Any] = yaml.safe_load(
    resources.files("drone_mcp_policy").joinpath("default.yaml").read_text("utf-8")
)


@given(text=documents(SHIPPED))
@example(text="rules: " + "9" * 5000)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rule_file_is_read_or_has_mistakes_with_their_lines(text: str, tmp_path: Path) -> None:
    assert unplaced_mistakes(read_rules, tmp_path / "rules.yaml", text) == []

"""Files with alert rules: each mistake is told with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.variables import SettingsError
from ci_mcp_kit.yaml_source import InvalidFile
from drone_mcp_observe.ci_alerts.rules_file import read_rules
from drone_mcp_observe.settings import ObserveSettings

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "  - {alert: red, when: red, longer: 1h, severity: critical}\n"


def test_the_rules_that_come_with_the_server_have_no_mistakes_and_cover_every_condition() -> None:
    assert {rule.when for rule in read_rules()} == {"red", "stuck", "waiting", "silent_feed", "flaky"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1\n", "1: it takes one key, 'rules'"),
        ("rules: 5\n", "1: it takes one key, 'rules'"),
        ("rules: []\nmore: 1\n", "1: it takes one key, 'rules'"),
        ("rules:\n  - red\n", "2: a rule is a mapping"),
        (f"rules:\n{GOOD}{GOOD}", "3: 'red' is the name of an earlier rule"),
        ("rules:\n  - {alert: Red, when: red, longer: 1h, severity: critical}\n", "2: alert is 'Red': it takes small"),
        ("rules:\n  - {alert: a, when: blue, longer: 1h, severity: info}\n", "2: when is 'blue': it takes one of red"),
        ("rules:\n  - {alert: a, when: red, longer: 1w, severity: info}\n", "2: longer is '1w': it takes a number"),
        ("rules:\n  - {alert: a, when: red, longer: 5, severity: info}\n", "2: longer is '5': it takes a number"),
        ("rules:\n  - {alert: a, when: red, longer: 1h, severity: bad}\n", "2: severity is 'bad': it takes one of"),
        ("rules:\n  - {alert: a, when: red, severity: info}\n", "2: the rule has no 'longer'"),
        ("rules:\n  - {alert: a, when: flaky, longer: 1d, severity: info}\n", "2: the rule has no 'share'"),
        ("rules:\n  - {alert: a, when: flaky, longer: 1d, severity: info, share: 0%}\n", "it takes a share from 1%"),
        (
            "rules:\n  - {alert: a, when: red, longer: 1d, severity: info, share: 5%}\n",
            "only a rule with 'when: flaky'",
        ),
        ("rules:\n  - {alert: a, when: red, longer: 1d, severity: info, repos: [octo]}\n", "globs of repositories"),
        ("rules:\n  - {alert: a, wen: red, longer: 1d, severity: info}\n", "'wen' is not a key of a rule. Did you"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_right(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        read_rules(file)
    assert told.lower() in str(caught.value).lower()


def test_a_file_with_mistakes_stops_the_start_and_the_variable_is_named(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("rules:\n  - red\n", encoding="utf-8")
    environment = {"DRONE_SERVER": "https://drone.example.com", "DRONE_MCP_ALERT_RULES": str(file)}
    with pytest.raises(SettingsError, match=r"DRONE_MCP_ALERT_RULES is .*alerts\.yaml:2: a rule is a mapping"):
        ObserveSettings.from_environment(environment)

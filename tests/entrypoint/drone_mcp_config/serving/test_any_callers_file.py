"""Whatever a file of callers holds: it is callers, or its mistakes have a line and quote nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings

from drone_mcp_config.serving.callers import hash_of, read_callers
from support.odd_yaml import documents, unplaced_mistakes

if TYPE_CHECKING:
    from pathlib import Path

CALLERS: dict[str, Any] = {
    "callers": [
        {"name": "a", "role": "ui", "token": hash_of("token-of-a"), "drone": "caller", "per_minute": 60},
        {"name": "b", "role": "dev", "token": hash_of("token-of-b")},
    ]
}


@given(text=documents(CALLERS))
@example(text="callers: [{name: a, role: ui, per_minute: " + "9" * 5000 + "}]")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_of_callers_is_read_or_has_mistakes_with_their_lines(text: str, tmp_path: Path) -> None:
    assert unplaced_mistakes(read_callers, tmp_path / "callers.yaml", text) == []

"""`docs/admin.md` names every variable, key and operation of the server, and every operation with its risk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ci_mcp_kit.guard.operation_risk import Risk
from drone_mcp_admin.guard.action import OPERATIONS
from drone_mcp_admin.guard.spec import ADMIN_GUARD
from drone_mcp_admin.reading.queue_state import PAUSE, RESUME
from drone_mcp_admin.variables import CALLERS

pytestmark = pytest.mark.checkout

PAGE = (Path(__file__).parent.parent / "docs" / "admin.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("|")]


def _words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_every_variable_and_key_of_the_guard_has_its_row() -> None:
    rows = {name: _words(row[1]) for row in ROWS for name in _words(row[0]) if name.startswith("DRONE_MCP_")}
    own = {variable.name for variable in (*ADMIN_GUARD.variables, CALLERS) if variable.name.startswith("DRONE_MCP_")}
    assert rows.keys() == own
    assert {key for keys in rows.values() for key in keys} - {"mode"} == set(ADMIN_GUARD.keys)
    for key in ADMIN_GUARD.keys:
        assert key in rows[ADMIN_GUARD.variable(key)]


def test_every_operation_is_under_its_risk() -> None:
    words = {risk.word for risk in Risk}
    listed = {(name, row[1]) for row in ROWS if row[1] in words for name in _words(row[0])}
    assert {(name, operation.risk.word) for name, operation in OPERATIONS.items()} <= listed
    assert {name for name, _ in listed} == OPERATIONS.keys()
    assert {PAUSE, RESUME} <= OPERATIONS.keys()

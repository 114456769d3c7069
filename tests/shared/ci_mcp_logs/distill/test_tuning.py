"""The tuned constants: each is used, and says what it costs to move it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ci_mcp_logs.distill import tuning

SOURCE = inspect.getsource(tuning)
CONSTANTS = [name for name in vars(tuning) if name.isupper()]
FIGURES = re.compile(r"# [\d.]+(?:: |, [\d.]+: flat)")


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_tuned_constant_is_used(name: str) -> None:
    modules = Path(tuning.__file__).parent.glob("*.py")
    assert any(f"tuning.{name}" in module.read_text(encoding="utf-8") for module in modules)


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_tuned_constant_says_what_moving_it_costs(name: str) -> None:
    before, line = SOURCE.partition(f"{name}: Final")[0].splitlines()[-1:], SOURCE.partition(f"\n{name}: Final")[2]
    assert FIGURES.search("\n".join([*before, line.partition("\n")[0]]))

"""What is worth showing where a log repeats itself: each thing once."""

from __future__ import annotations

from ci_mcp_logs.distill import distill
from ci_mcp_logs.log_text import LogText

QUIET = [f"copying file {number} of 900" for number in range(900)]


def block(test: str) -> list[str]:
    """What pytest prints of a failing test, here with a value that no other test has."""
    return [
        f"_________________________ {test} _________________________",
        "",
        f"    def {test}(cart):",
        f">       assert cart.total('{test}') == 1",
        f"E       AssertionError: '{test}' has another total",
        "",
        "tests/test_cart.py:31: AssertionError",
    ]


def shown(lines: list[str], budget: int = 2000) -> list[str]:
    return [line.text for line in distill(LogText.from_raw(lines), token_budget=budget).lines]


def test_a_passage_that_each_worker_prints_again_leaves_room_for_what_is_said_once() -> None:
    failed = [line for test in ("test_net", "test_gross", "test_taxes") for line in block(test)]
    lines = shown(["==== FAILURES ====", *block("test_import") * 12, *failed, *QUIET], 500)
    assert lines.count("E       AssertionError: 'test_import' has another total") <= 4
    assert set(failed) <= set(lines)

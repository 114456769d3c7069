"""Every tool's table against a small sample of that tool's output, each line with the role it has."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest
import re2  # type: ignore[import-untyped]  # ships no types

from ci_mcp_logs.distill import distill
from ci_mcp_logs.distill.anchor_tables import ROLES, Anchor, anchors, anchors_in, branches, failing_test, source_place
from ci_mcp_logs.distill.line_words import pattern_input
from ci_mcp_logs.log_text import LogText

SAMPLES = Path(__file__).parent / "samples"
TABLES = resources.files("ci_mcp_logs.distill").joinpath("anchors")
TOOLS = sorted(table.name.removesuffix(".toml") for table in TABLES.iterdir())


def anchor_of(text: str) -> Anchor:
    return anchors_in([pattern_input(text)], telling=True)[0]


def sample(tool: str) -> list[tuple[str, str]]:
    """Role and text of every line."""
    rows = (SAMPLES / f"{tool}.txt").read_text(encoding="utf-8").split("\n")[:-1]
    return [(role, text[1:]) for role, _, text in (row.partition("|") for row in rows)]


def test_every_tool_has_a_sample_and_every_sample_a_tool() -> None:
    assert sorted(file.stem for file in SAMPLES.glob("*.txt")) == TOOLS


@pytest.mark.parametrize("tool", TOOLS)
def test_the_lines_of_a_tool_are_known_for_what_they_are(tool: str) -> None:
    assert [(anchor_of(text).role, text) for _, text in sample(tool)] == sample(tool)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_evidence_of_a_tool_is_shown_from_amid_a_long_log(tool: str) -> None:
    before = [f"copying file {n} of 900" for n in range(900)]
    after = [f"uploading report part {n}" for n in range(100)]
    lines = [text for _, text in sample(tool)]
    shown = {line.text.strip() for line in distill(LogText.from_raw(before + lines + after)).lines}
    assert {text.strip() for role, text in sample(tool) if role in {"head", "cause"}} <= shown


@pytest.mark.parametrize("tool", TOOLS)
def test_a_table_is_well_formed(tool: str) -> None:
    table = tomllib.loads(TABLES.joinpath(f"{tool}.toml").read_text(encoding="utf-8"))
    assert table["tool"] == tool
    assert {row["role"] for row in table["anchor"]} <= set(ROLES)
    assert all(re2.compile(row["pattern"]) for row in table["anchor"])


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("^FAIL$", ["^FAIL$"]),
        ("^ok|not ok", ["^ok", "not ok"]),
        ("^(?:a|b(c|d))|e", ["^(?:a|b(c|d))", "e"]),
        (r"[|(]x|\||\(", ["[|(]x", r"\|", r"\("]),
        ("(?i)^oom|killed", ["(?i)^oom", "(?i)killed"]),
    ],
)
def test_a_pattern_is_taken_apart_into_its_branches(pattern: str, parts: list[str]) -> None:
    assert branches(pattern) == parts


def test_an_anchor_is_found_by_any_of_its_branches_and_only_where_that_may_stand() -> None:
    assert anchor_of("Killed").role == anchor_of("make: process ended by signal 9").role == "cause"
    assert anchor_of("nothing was Killed off").role == ""


def test_no_anchor_takes_an_ordinary_line_for_evidence() -> None:
    ordinary = [
        "Compiling 14 files",
        "Done in 2.3s",
        "total 12",
        "drwxr-xr-x 2 root root 4096 Nov 21 11:07 src",
        "0 errors",
    ]
    assert [anchor_of(text).role for text in ordinary] == [""] * len(ordinary)


def test_anchor_names_are_unique_within_a_role_of_a_tool() -> None:
    assert len(anchors()) == len({(anchor.tool, anchor.name, anchor.pattern) for anchor in anchors()})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("______________________________ test_totals[net] ______________________________", "test_totals[net]"),
        ("FAILED tests/test_basket.py::test_totals[net] - assert 11 == 12", "tests/test_basket.py::test_totals[net]"),
        ("--- FAIL: TestCheckout (0.00s)", "TestCheckout"),
        ("---- cart::tests::adds_up stdout ----", "cart::tests::adds_up"),
        ("  ● cart adds up", "cart adds up"),
        ("1) CartTest::testAddsUp", "CartTest::testAddsUp"),
        ("CartTest > addsUp() FAILED", "CartTest > addsUp()"),
        ("FAIL: test_rounding (billing.tests.TaxTest)", "test_rounding (billing.tests.TaxTest)"),
        ("just a line", None),
    ],
)
def test_the_name_of_a_failing_test_is_read(text: str, name: str | None) -> None:
    assert failing_test(anchor_of(text), text) == name


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("src/cart.c:14:9: error: 'sum' undeclared", "src/cart.c:14"),
        ('  File "/drone/src/app/main.py", line 7, in <module>', "/drone/src/app/main.py:7"),
        ("src/cart.ts(14,9): error TS2304: Cannot find name", "src/cart.ts:14"),
        ("[ERROR] /drone/src/shop/Cart.java:[14,9] cannot find symbol", "/drone/src/shop/Cart.java:14"),
        ("    at Module.load (/x/node_modules/a/b.js:1:2)", None),
        ("12:30:11 done", None),
    ],
)
def test_the_place_in_the_source_is_read(text: str, place: str | None) -> None:
    assert source_place(text) == place

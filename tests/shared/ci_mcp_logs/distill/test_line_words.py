"""What a tool itself wrote in a line: stamps and the prefixes of other programs do not hide it."""

from __future__ import annotations

import pytest

from ci_mcp_logs.distill.anchor_tables import anchors_in
from ci_mcp_logs.distill.line_words import begins_command, own_text, pattern_input, shown_part

PREFIXES = [
    "#12 24.70 ",
    "24.70 ",
    "web_1  | ",
    "api-service-2 | ",
    "@acme/web:build: ",
    "@acme/web: ",
    "web:test: ",
    "[unit tests] ",
    "[javac] ",
    "==> default: ",
    "remote: ",
    "(12:03:04) ",
    "2024-05-01T12:00:00Z #12 24.70 ",
    "2024-05-01T12:00:00Z web_1  | @acme/web:build: ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("line", ["npm ERR! code ETIMEDOUT", "E   assert 3 == 2", "src/a.c:3:1: error: expected ';'"])
def test_a_prefix_does_not_hide_what_a_line_is(prefix: str, line: str) -> None:
    assert own_text(prefix + line) == line
    prefixed, plain = anchors_in([pattern_input(prefix + line), pattern_input(line)], telling=True)
    assert prefixed == plain


@pytest.mark.parametrize(
    "line",
    [
        "src/main.c:12:3: error: expected ';' before '}' token",
        "main.go:12: undefined: total",
        "error: could not compile `shop`",
        "fatal: couldn't find remote ref main",
        "[ERROR] COMPILATION ERROR :",
        "[error] Cart.scala:14:17: type mismatch;",
        "[ERR_PNPM_OUTDATED_LOCKFILE] Cannot install",
        "[FAIL] totals with tax",
        "==> Linting .",
        "  12 | let total = 0",
    ],
)
def test_a_place_or_a_level_is_no_prefix(line: str) -> None:
    assert own_text(line) == line


def test_a_sanitizer_is_known_behind_the_number_of_the_process() -> None:
    line = "==16563==ERROR: AddressSanitizer: heap-use-after-free on address 0x61b0"
    assert [anchor.name for anchor in anchors_in([pattern_input(line), pattern_input(f"= {line}")], telling=True)] == [
        "sanitizer",
        "sanitizer",
    ]


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("+ make check", True),
        ("$ npm test", True),
        ("> tsup src/index.ts", True),
        ("#10 [5/6] RUN pip install -r requirements.txt", True),
        ("Step 4/11 : RUN npm ci", True),
        ("@acme/web:build: > tsc -p .", True),
        ("##[group]Run npm test", True),
        ("+++ b/cart/total.go", False),
        ("#10 2.019 Collecting psycopg2==2.9.6", False),
        ("make check", False),
    ],
)
def test_the_beginning_of_a_command_is_recognised(line: str, begins: bool) -> None:
    assert begins_command(line) is begins


def test_a_line_cut_inside_a_run_of_blanks_ends_with_its_text() -> None:
    assert shown_part("total " * 15 + " " * 400 + "120", 125) == ("total " * 15).rstrip()
    assert shown_part(" " * 400 + "120", 125) == " " * 60
    assert shown_part("total  120", 125) == "total  120"

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.sanitize import sanitize

ANY_TEXT = st.text(st.characters() | st.sampled_from("\x1b[]m\\\x07\x9b\x9d\r\n\u200b\U000e0041\ud800;31"))


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("plain\ttext\nnext", "plain\ttext\nnext"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b[38:2::1:2:3mx", "x"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1bPdata\x1b\\text", "text"),
        ("\x1b(Btext\x1b=", "text"),
        ("cut off \x1b[31", "cut off "),
        ("cut off \x1b", "cut off "),
        ("\x1b]never ended\nnext line", "never ended\nnext line"),
        ("\u009b31mred \u00e9", "red \u00e9"),
        ("\u009dtitle\u009ctext \u00e9", "text \u00e9"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u2028b\u2029c\u0085d", "a\nb\nc\nd"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("pay\u202eload", "payload"),
        ("\u2066iso\u2069lated", "isolated"),
        ("zero\u200b\u200d\u2060\ufeffwidth", "zerowidth"),
        ("hidden\U000e0068\U000e0069", "hidden"),
        ("bytes\ufe00\U000e0100", "bytes"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("caf\u00e9 \u4e2d\u6587 \U0001f600", "caf\u00e9 \u4e2d\u6587 \U0001f600"),
    ],
)
def test_what_hides_or_reorders_goes_and_the_rest_stays(dirty: str, clean: str) -> None:
    assert sanitize(dirty) == clean


@given(ANY_TEXT)
def test_nothing_unwanted_is_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    clean = sanitize(text)
    assert all(character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"} for character in clean)
    assert not any(0xE0000 <= ord(character) <= 0xE0FFF or 0x202A <= ord(character) <= 0x202E for character in clean)
    assert sanitize(clean) == clean
    clean.encode()


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_printable_ascii_stays_as_it_is(text: str) -> None:
    assert sanitize(text) is text

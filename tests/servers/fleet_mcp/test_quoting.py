"""Many texts are cleaned as each of them would be alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.outgoing_text import Cleaner, one_line
from ci_mcp_kit.redact import Redactor
from fleet_mcp.quoting import clean_lines

SECRET = "a-secret-of-the-tests-1234"
KEY = "-----BEGIN PRIVATE KEY-----"
WORDS = st.sampled_from(["fix", "the cart", SECRET, "\x1b[2K", "\n\n", "  ", "\u202e", "ä", "|", KEY, "password:", ""])


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=12))
def test_as_many_lines_come_back_and_no_secret_is_in_them(texts: list[str]) -> None:
    with Cleaner(Redactor(lambda: [SECRET])).in_force():
        cleaned = clean_lines(texts)
    assert len(cleaned) == len(texts)
    assert not any(SECRET in line or "\n" in line or "\x1b" in line for line in cleaned)


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "Zs"]), max_size=40), max_size=12))
def test_plain_texts_are_the_same_as_one_by_one(texts: list[str]) -> None:
    assert clean_lines(texts) == [one_line(text, 1_000) for text in texts]

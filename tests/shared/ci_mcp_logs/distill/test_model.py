"""The vocabulary adds up what its data file says of a line's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.distill.model import Vocabulary, feature_names

NAMES = ["~blank", "~indent0e", "~indent2e", "^error", "^error in", "error", "in", "error in", "in in", "^", "^ ~", "~"]
WEIGHTS = {name.encode(): 1.0 + 2.0**-place for place, name in enumerate(NAMES)}
LINES = st.lists(st.sampled_from(["error", "in", "^", "~", "^error", "  ", "other", "\t", "é"]), max_size=25).map(
    " ".join
)


@given(LINES)
def test_a_line_weighs_what_its_words_pairs_beginning_and_indent_weigh(line: str) -> None:
    raw = line.encode()
    assert Vocabulary(WEIGHTS).score(raw) == pytest.approx(sum(WEIGHTS.get(word, 0.0) for word in feature_names(raw)))

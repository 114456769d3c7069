"""Texts for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

SEGMENTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=50
).filter(lambda text: text not in {".", ".."})
"""Names that one segment of a path can hold."""

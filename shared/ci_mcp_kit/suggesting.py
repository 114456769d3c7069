"""Suggests the known word that is nearest to a wrong one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def suggest(wrong: str, known: Iterable[str], what: str = "Known are") -> str:
    """Return a sentence with the nearest known word, or with all known words if none is near."""
    names = list(known)
    near = difflib.get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"{what}: {', '.join(names) or 'none'}."

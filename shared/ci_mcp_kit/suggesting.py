"""Suggests the known word that is nearest to a wrong one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Characters: difflib takes quadratic time (https://docs.python.org/3/library/difflib.html), and anyone writes the word.
LONGEST: Final = 200


def find_nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known word that is nearest to a wrong one, whatever their case; None if none is near."""
    by_folded = {word.casefold(): word for word in known}
    near = difflib.get_close_matches(wrong[:LONGEST].casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def suggest(wrong: str, known: Iterable[str], what: str = "Known are") -> str:
    """Return a sentence with the nearest known word, or with all known words if none is near."""
    names = list(known)
    near = find_nearest(wrong, names)
    return f"{what}: {', '.join(names) or 'none'}." if near is None else f"Did you mean {near!r}?"

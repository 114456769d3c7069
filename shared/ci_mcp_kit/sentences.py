"""Makes sentences of texts that also stand within others."""

from __future__ import annotations


def begin_sentence(text: str) -> str:
    """Return a text with its first letter in upper case, and the rest as it is."""
    return text[:1].upper() + text[1:]

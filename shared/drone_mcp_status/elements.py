"""HTML that escapes every text put into it. Pure."""

from __future__ import annotations

from html import escape
from typing import Final

_VOID: Final = frozenset({"meta"})  # elements without an end tag


class Html(str):
    """A text that is HTML; every other text is escaped."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str) -> Html:
    """Return an element; an attribute that is a word of Python has `_` at its end, and `-` is `_`."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"' for name, value in attributes.items()
    )
    if tag in _VOID:
        return Html(f"<{tag}{named}>")
    return Html(f"<{tag}{named}>{join(*children)}</{tag}>")


def join(*children: str) -> Html:
    """Return several texts or elements one after another."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))

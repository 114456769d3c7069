"""Formats what agents and people wrote for answers, and fits an answer into its budget. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ci_mcp_kit.answer import View, to_json
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_logs.answer_text import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime


V = TypeVar("V", bound=View)

NAME_WIDTH = 80  # characters, as are the others
MESSAGE_WIDTH = 160
ADDRESS_WIDTH = 300


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute, with its zone, "" where there is none."""
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z") if moment else ""


def quote_line(text: str, width: int) -> str:
    """Return a text that someone wrote, on one line and in quotes, "" for none or no room."""
    return to_json(one_line(text, width)) if text and width else ""


def clean_lines(texts: Sequence[str]) -> list[str]:
    """Return each text cleaned and on one line, by one pass over all of them.

    Looking for secrets costs by the text more than by the character, and a list has hundreds. No pattern goes across an
    empty line but those of private keys, which then are looked for in each text alone.
    """
    lines = [" ".join(text.split()) for text in texts]
    whole = cleaned("\n\n".join(lines)).split("\n\n")
    return whole if len(whole) == len(lines) else [one_line(line, len(line) + 1) for line in lines]


def cut(text: str, width: int) -> str:
    """Return a cleaned text, cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def quote_text(text: str, nonce: str, longest: int) -> str:
    """Return a text that someone wrote, between marks that it cannot know, cut after `longest` characters."""
    whole = cleaned(text.replace("\r\n", "\n")).strip()
    if not whole:
        return ""
    cut = f"\n… (cut, {len(whole)} characters in all)" if len(whole) > longest else ""
    return f"<<<text {nonce}\n{whole[:longest]}{cut}\n{nonce} text>>>"


def describe_outcome(state: str, message: str, width: int = MESSAGE_WIDTH) -> str:
    """Return what came of a task, like `complete: "All tests pass"`."""
    said = quote_line(message, width)
    return f"{one_line(state, NAME_WIDTH)}: {said}" if state and said else one_line(state, NAME_WIDTH)


def fit(view_of: Callable[[int], V], levels: Sequence[int], budget: int) -> V:
    """Return the view of the first level that keeps to a budget in tokens, else that of the last."""
    views = (view_of(level) for level in levels)
    return next((view for view in views if size_of(view) <= budget), None) or view_of(levels[-1])

"""Puts the text of an answer together, and measures it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.token_count import count_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_mcp_kit.answer import View

Texts = tuple[str, ...]


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """Return `lines` below their title; nothing where there are none."""
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def quoted(title: str, names: Sequence[str]) -> str:
    """Return names that others made up, each in quotes, after their title; "" where there are none."""
    return f"{title}: {', '.join(to_json(name) for name in names)}" if names else ""


def joined(head: str, parts: Sequence[str], others: Sequence[str], next_step: str) -> str:
    """Return the text of an answer: its heading, its parts, further facts and the next step."""
    rows = [head, *parts, *others, f"Next: {next_step}" if next_step else ""]
    return "\n".join(row for row in rows if row)


def bounded(lines: Sequence[str], room: int, cost: Callable[[str], int]) -> list[str]:
    """Return as many of `lines` as there is room for, and a last line that counts those left out."""
    kept: list[str] = []
    for line in lines:
        room -= cost(line)
        if room < 0:
            return [*kept, f"and {len(lines) - len(kept)} more"]
        kept.append(line)
    return kept


def size_of(view: View) -> int:
    """Return how many tokens an answer has, as text or as JSON, whichever is more."""
    # Clients differ in what they give to the model: Claude Code and Codex the structured content, Gemini CLI and
    # OpenCode the text.
    return max(count_tokens(view.as_text() or ""), count_tokens(to_json(view)))

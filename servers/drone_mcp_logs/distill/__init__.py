"""Distil a failing step's log: the lines that say why it failed, verbatim, within a token budget."""

from collections.abc import Iterable
from .candidates import gather
from .choose import choose
from .excerpt import Block, Excerpt, Shown
from .model import Model, default
from .text import encode

__all__ = ["Block", "Excerpt", "Shown", "excerpt"]


def excerpt(log: str, *, exit_code: int, token_budget: int, good_log: str | None) -> Iterable[tuple[int, str]]:
    """Numbered lines of the log that show why it failed, ascending, of at most `token_budget` tokens."""
    model = default()
    candidates = gather(encode(log), model)
    longest = 320
    chances = model.chances(candidates.surroundings())
    shown = choose(candidates.lines, chances, token_budget, longest)
    return [(candidates.lines[i].number, candidates.lines[i].text[:longest]) for i in shown]

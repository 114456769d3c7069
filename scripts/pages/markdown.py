"""Tables in Markdown, and their places on pages."""

from __future__ import annotations

import re


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def splice(page: str, name: str, made: str) -> str:
    """Put a text in its place on a page, between the comments `NAME: begin` and `NAME: end`.

    Raises:
        ValueError: the page has no such place.
    """
    pattern = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place for {name}")
    return pattern.sub(lambda match: f"{match[1]}{made}\n{match[2]}", page)

"""Frames log text in an answer: one string of numbered lines between two random marks. Pure but for the marks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.numbered_lines import Row


def new_nonce() -> str:
    """Return a random text for the marks around a log, which no log can know, so that none can end its frame."""
    return secrets.token_hex(4)


def framed(rows: Iterable[Row], nonce: str) -> str:
    """Return log lines between two marks that hold `nonce`. The first mark says which time stamps are left out."""
    rows = tuple(rows)
    stamps = [row.stamp for row in rows if row.stamp]
    times = " to ".join(dict.fromkeys((stamps[0], stamps[-1]))) if stamps else ""
    left_out = f", without the time stamps of lines marked ~: {times}" if stamps else ""
    return "\n".join((f"<<<log {nonce}{left_out}", *(row.text for row in rows), f"{nonce} log>>>"))

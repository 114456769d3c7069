"""Writes counts and spans of time for people, and reads spans from rules and arguments. Pure."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"([1-9]\d{0,5})([smhd])", re.ASCII)
LONGEST: Final = 365 * 86_400  # seconds


def count(number: int, word: str) -> str:
    """Write a count of things: `1 build`, `3 builds`, `2 repositories`."""
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


def format_duration(seconds: float) -> str:
    """Write seconds in the two largest units that matter: `45 s`, `3 min 20 s`, `5 h 10 min`, `3 d 4 h`."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    named = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next((index for index, (amount, _) in enumerate(named) if amount), len(named) - 1)
    return " ".join(f"{amount} {unit}" for amount, unit in named[first : first + 2] if amount) or "0 s"


def parse_duration(text: str) -> int:
    """Return the seconds of a text like `90s`, `30m`, `6h` or `2d`.

    Raises:
        ValueError: it is no such text, or longer than a year.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST:
        raise ValueError("it takes a number with s, m, h or d, like 90s, 30m, 6h or 2d, up to 365d")
    return seconds

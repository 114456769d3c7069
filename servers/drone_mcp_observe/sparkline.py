"""Draws a series of numbers as one short line of text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

WIDTH: Final = 16  # characters
_BARS: Final = "▁▂▃▄▅▆▇█"
_NOTHING: Final = "·"


def sparkline(values: Sequence[float | None]) -> str:
    """Draw one bar for each value, from the lowest to the highest; None, where nothing was measured, is a dot."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    # A constant series is a line at the bottom, or in the middle where it is not 0.
    flat = _BARS[3 if low else 0]
    top = len(_BARS) - 1
    return "".join(
        _NOTHING if value is None else flat if high == low else _BARS[round((value - low) / (high - low) * top)]
        for value in values
    )


def draw_over_time(
    points: Iterable[tuple[float, float]],
    start: float,
    end: float,
    join: Callable[[Sequence[float]], float],
    width: int = WIDTH,
) -> str:
    """Draw (time, value) points from `start` to `end`; `join` makes one value of those that share a bar."""
    buckets: list[list[float]] = [[] for _ in range(width)]
    for at, value in points:
        if start <= at <= end:
            buckets[min(width - 1, int((at - start) / max(end - start, 1e-9) * width))].append(value)
    return sparkline([join(bucket) if bucket else None for bucket in buckets])

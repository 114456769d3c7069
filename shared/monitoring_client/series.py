"""Series of numbers over time, as metrics are. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_POINTS: Final = 60  # of a series: enough for a line of text and for a change of a few minutes in an hour
LEAST_STEP: Final = 15.0  # seconds; a usual interval between two readings


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one set of labels.

    Attributes:
        labels: by name.
        points: (Unix time, value), oldest first; a value may be infinite, and never NaN.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    points: tuple[tuple[float, float], ...] = ()

    @property
    def values(self) -> list[float]:
        """The finite values."""
        return [value for _, value in self.points if math.isfinite(value)]


def choose_step(seconds: float) -> float:
    """Return the seconds between two points of a range, so that it has at most `MOST_POINTS`."""
    return max(LEAST_STEP, math.ceil(seconds / (MOST_POINTS - 1)))

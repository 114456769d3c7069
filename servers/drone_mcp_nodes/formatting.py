"""Formats moments, ages, versions and drift for answers. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_kit.answer import View
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.answer_text import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

    from drone_mcp_nodes_api.wire import agent_pb2 as pb

V = TypeVar("V", bound=View)

NAME_WIDTH: Final = 80  # characters, as are the others
VALUE_WIDTH: Final = 80
REASON_WIDTH: Final = 240
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def moment(at: Timestamp) -> str:
    """Return a moment to the second, with its zone, "" where there is none."""
    # A container that was never started has the year 1.
    if at.seconds <= 0:
        return ""
    return datetime.fromtimestamp(at.seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def age(at: Timestamp, now: float) -> str:
    """Return how long ago a moment was, like `3 h`, "" where there is none."""
    if at.seconds <= 0:
        return ""
    seconds = max(0, int(now) - at.seconds)
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds >= size), f"{seconds} s")


def describe_drift(drift: Iterable[pb.Drift]) -> str:
    """Return drift for a reader: `image r/web:v1 is r/web:v2`, separated by semicolons."""
    return "; ".join(
        f"{one_line(one.field, NAME_WIDTH)} {_value(one.desired)} is {_value(one.observed)}" for one in drift
    )


def describe_changes(changes: Iterable[pb.Drift]) -> str:
    """Return what a deployment changes: `image r/web:v1 -> r/web:v2`, separated by semicolons."""
    return "; ".join(
        f"{one_line(one.field, NAME_WIDTH)} {_value(one.observed)} -> {_value(one.desired)}" for one in changes
    )


def _value(text: str) -> str:
    return one_line(text, VALUE_WIDTH) or "(none)"


def cell(text: str, width: int = NAME_WIDTH) -> str:
    """Return a text for a line with columns, whose bars must not look like the next column."""
    return one_line(text, width).replace("|", "/")


def plural(count: int, noun: str) -> str:
    """Return a number of things: `1 service`, `2 services`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """Return a number of bytes for a reader, like `3.2 GiB`."""
    return f"{count / 2**30:.1f} GiB"


def fit(view_of: Callable[[int], V], levels: Sequence[int], budget: int) -> V:
    """Return the view of the first level that keeps to a budget in tokens, else that of the last."""
    views = (view_of(level) for level in levels)
    return next((view for view in views if size_of(view) <= budget), None) or view_of(levels[-1])

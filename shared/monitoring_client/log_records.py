"""Lines of the logs of running systems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A line with its time (Unix) and the labels of its stream."""

    at: float
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)


def in_order(records: Iterable[LogRecord]) -> tuple[LogRecord, ...]:
    """Return records by time, oldest first; those of the same time stay in their order."""
    return tuple(sorted(records, key=lambda record: record.at))

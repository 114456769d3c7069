"""What can be done to a build, and how risky it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Risk(IntEnum):
    """How much harm a mistake does: `low` costs machine time, `medium` lets code run or not, `high` destroys work."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """As settings write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name in settings, the client's call that it may send, its risk."""

    name: str
    call: str
    risk: Risk


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("restart", "builds.restart", Risk.LOW),
        Operation("approve", "stages.approve", Risk.MEDIUM),
        Operation("decline", "stages.decline", Risk.MEDIUM),
        Operation("stop", "builds.cancel", Risk.HIGH),
    )
}

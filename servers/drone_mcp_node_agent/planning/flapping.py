"""Tells a component that restarts again and again from one that was restarted.

A look at the state does not show it: of a container that ended every 0.4 seconds, 42 looks in eight seconds saw
`running` or `stopped`, while its restart count rose by nine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FlapRule:
    """How many restarts within how many seconds are flapping."""

    restarts: int = 3
    seconds: float = 300.0

    def is_met(self, *, restarted: int, died: int) -> bool:
        """Return whether the occurrences within the time are flapping.

        Args:
            restarted: how often the engine's count of restarts has risen.
            died: how often the engine has said that the container ended. Both count the same ends, so the larger one
                is taken, not the sum: the follower of events may have been away, and a stop resets the count.
        """
        return max(restarted, died) >= self.restarts


def count_new_restarts(before: int, now: int) -> int:
    """Return by how much a count of restarts has risen; podman begins again from 0 after a stop and a start."""
    return now - before if now >= before else now

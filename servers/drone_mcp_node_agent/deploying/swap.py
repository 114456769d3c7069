"""The order in which a new container takes the place of an old one, and the way back from every point of it.

A component's container has its name, such as `web-api`. A new one is created as `web-api.next`; the old one is kept as
`web-api.previous` until all components of the deployment are healthy. What has been done shows in which of the three
names exist, so the way back needs no record of single steps: it is the same after a fault and after the daemon was
killed, at whatever point, and also in the middle of going back.

The name server of a network gives the name that a container had when it joined, whatever it is called since, and gives
the address of a container that is being stopped until its last process has ended. So where the new container starts
first, both announce their new names, and whoever has just asked for the address has time to come, before the old one
stops.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NEXT: Final = ".next"
PREVIOUS: Final = ".previous"


class Act(StrEnum):
    """What is done to one container."""

    RENAME = "rename"
    STOP = "stop"
    START = "start"
    PROBE = "probe"  # wait until it is healthy
    ANNOUNCE = "announce"  # tell the name servers of its networks what it is called now
    LINGER = "linger"  # leave time to those who have just been told its address
    REMOVE = "remove"


@dataclass(frozen=True)
class Move:
    """One act on a container; `to` is the new name of one that is renamed."""

    act: Act
    name: str
    to: str = ""


@dataclass(frozen=True)
class Swap:
    """The replacement of one component's container.

    Attributes:
        component: its name.
        container: the name of its container.
        has_new: whether a new container was to come; not for a component that the service no longer has.
        had_old: whether there was a container.
        ran: whether that one was running.
        start_first: whether the new one starts before the old one, which was running, stops.
    """

    component: str
    container: str
    has_new: bool = True
    had_old: bool = False
    ran: bool = False
    start_first: bool = False

    @property
    def next(self) -> str:
        """The name of the new container before it takes the place of the old one."""
        return self.container + NEXT

    @property
    def previous(self) -> str:
        """The name of the old container after it."""
        return self.container + PREVIOUS

    @property
    def names(self) -> tuple[str, str, str]:
        """The names of all its containers."""
        return self.container, self.next, self.previous

    def to_json(self) -> dict[str, Any]:
        """Return it for the journal."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Swap:
        """Return it from the journal."""
        return cls(**facts)


def forward(swap: Swap) -> list[Move]:
    """Return the moves that put the new container, which has been created, in the place of the old one."""
    step_aside = [Move(Act.RENAME, swap.container, swap.previous)] if swap.had_old else []
    step_in = [Move(Act.RENAME, swap.next, swap.container)] if swap.has_new else []
    stop_old = [Move(Act.STOP, swap.previous)] if swap.ran else []
    if swap.start_first:
        begin = [Move(Act.START, swap.next), Move(Act.PROBE, swap.next)]
        announce = [Move(Act.ANNOUNCE, swap.container), Move(Act.ANNOUNCE, swap.previous)]
        return [*begin, *step_aside, *step_in, *announce, Move(Act.LINGER, swap.previous), *stop_old]
    begin = [Move(Act.START, swap.container), Move(Act.PROBE, swap.container)] if swap.has_new else []
    # Renamed before the stop, since the service is away from the stop on.
    return [*step_aside, *step_in, *stop_old, *begin]


def back(swap: Swap, running: Mapping[str, bool]) -> list[Move]:
    """Return the moves that restore what there was, from whatever point.

    Args:
        swap: the replacement.
        running: which of its containers exist -> whether they run.
    """
    moves = [Move(Act.REMOVE, swap.next)] if swap.next in running else []
    # Without the next one, either the old one has stepped aside or a way back was cut short.
    has_other_name = swap.start_first and swap.next not in running
    if swap.previous in running:
        # The old one has stepped aside, so that whatever has its name is the new one.
        moves += [Move(Act.REMOVE, swap.container)] if swap.container in running else []
        moves.append(Move(Act.RENAME, swap.previous, swap.container))
        is_up = running[swap.previous]
    elif not swap.had_old:
        return [*moves, *([Move(Act.REMOVE, swap.container)] if swap.container in running else [])]
    else:
        is_up = running.get(swap.container, True)  # one that someone else has removed cannot be started
    if swap.ran and not is_up:
        moves.append(Move(Act.START, swap.container))
    elif has_other_name and (swap.container in running or swap.previous in running):
        moves.append(Move(Act.ANNOUNCE, swap.container))
    return moves


def finish(swap: Swap, running: Mapping[str, bool]) -> list[Move]:
    """Return the moves that remove what is left of the old container, once the new ones are in force."""
    return [Move(Act.REMOVE, name) for name in (swap.previous, swap.next) if name in running]

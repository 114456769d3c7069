"""The records that a store takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drone_mcp_state.merge import advance

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_state.merge import Transition


# The origin of a snapshot: a verified delivery, an API call of a reader, or the receiver's comparison with the API.
Source = Literal["webhook", "api", "reconciler"]

# For how many seconds a silent feed counts as alive: two and a half of the reconciler's default periods.
FRESH_FOR = 150.0

FEED_LENGTH = 10_000  # changes that every store keeps for readers that lag behind


@dataclass(frozen=True, slots=True)
class Seen:
    """A received snapshot of a build; `at` is when it was received, in Unix seconds."""

    slug: str
    build: Build
    source: Source
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A build as the store knows it.

    Attributes:
        seen_at: when a complete snapshot last confirmed or changed it, in Unix seconds.
        source: the origin of that snapshot.
        cursor: its last change; `wait` with it waits for the next one.
    """

    slug: str
    build: Build
    source: Source
    seen_at: float
    cursor: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed: a build has changed. `get` reads its new state."""

    slug: str
    number: int
    status: str
    source: Source
    at: float
    transitions: tuple[Transition, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The entries of the feed after a cursor.

    Attributes:
        items: the changes, oldest first.
        cursor: the place to continue from.
        complete: False if there may have been more than `items`: the feed no longer reaches back to the cursor, or
            the cursor is of another store. Then the builds have to be read again.
    """

    items: tuple[Change, ...]
    cursor: str
    complete: bool = True

    def __bool__(self) -> bool:
        return bool(self.items) or not self.complete


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The times of the last events, in Unix seconds; None: never.

    Attributes:
        last_event: the last verified delivery.
        last_reconciliation: the end of the last comparison with Drone.
        last_gap: the last comparison that found a change without a delivery.
    """

    last_event: float | None = None
    last_reconciliation: float | None = None
    last_gap: float | None = None

    @property
    def last_sign(self) -> float | None:
        """Return the time of the last delivery or comparison with Drone."""
        return max(filter(None, (self.last_event, self.last_reconciliation)), default=None)

    def is_alive(self, now: float, within: float = FRESH_FOR) -> bool:
        """Return whether the state of a running build is current, so that Drone need not be asked.

        It is if deliveries arrive, none has been missed since the last one, and the last delivery or comparison with
        Drone is at most `within` seconds old.
        """
        if self.last_event is None or self.last_event < (self.last_gap or 0):
            return False
        return self.last_sign is not None and now - self.last_sign <= within


def receive(known: Record | None, seen: Seen, cursor: str) -> tuple[Record, Change | None]:
    """Merge a snapshot into a record: pure, the step that all stores share.

    `cursor` is the next place of the feed, used if anything changes.
    """
    before = None if known is None else known.build
    build, changed = advance(before, seen.build)
    # Whether it confirms the whole record: a snapshot without stages does not confirm known stages.
    confirms = known is None or (seen.at >= known.seen_at and bool(seen.build.stages or not known.build.stages))
    if known is not None and changed is None:
        return (replace(known, source=seen.source, seen_at=seen.at) if confirms else known), None
    change = Change(
        slug=seen.slug,
        number=build.number,
        status=build.status,
        source=seen.source,
        at=seen.at,
        transitions=changed or (),
        cursor=cursor,
    )
    seen_at = seen.at if known is None or confirms else known.seen_at
    return Record(seen.slug, build, seen.source, seen_at, cursor), change


@dataclass(frozen=True, slots=True)
class Feed:
    """A change feed with a name, which its cursors hold: positions in two feeds cannot be compared."""

    name: str

    def cursor(self, position: int) -> str:
        """Return the cursor of a position; 0 is before the first change."""
        return f"{self.name}.{position}"

    def position(self, cursor: str) -> int | None:
        """Return the position of a cursor, or None if it is of another feed."""
        name, _, position = cursor.rpartition(".")
        return int(position) if name == self.name and position.isdecimal() and position.isascii() else None

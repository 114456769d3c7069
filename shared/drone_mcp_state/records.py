"""What a store takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drone_mcp_state.merge import advance

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_state.merge import Transition

# Where a snapshot came from: a verified delivery, a reader's own API call, the receiver's comparison with the API.
Source = Literal["webhook", "api", "reconciler"]

# How long (seconds) silence counts as good news: two and a half of the reconciler's default periods.
FRESH_FOR = 150.0

FEED_LENGTH = 10_000  # changes that a waiter may be behind, in every store


@dataclass(frozen=True, slots=True)
class Seen:
    """A snapshot on its way into the store; `at` is when it was received, in Unix seconds."""

    slug: str
    build: Build
    source: Source
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A build as the store knows it.

    Attributes:
        seen_at: when a snapshot of all that is known last confirmed or changed it, in Unix seconds.
        source: where that snapshot came from.
        cursor: its last change; `wait` from here waits for the next.
    """

    slug: str
    build: Build
    source: Source
    seen_at: float
    cursor: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed: a build differs from before. Its new state is read with `get`."""

    slug: str
    number: int
    status: str
    source: Source
    at: float
    transitions: tuple[Transition, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What the feed holds after a cursor.

    Attributes:
        items: the changes, oldest first.
        cursor: where to continue.
        complete: False if there may have been more than `items`: the feed no longer reaches back to the cursor, or
            the cursor comes from another store. Then read the builds again.
    """

    items: tuple[Change, ...]
    cursor: str
    complete: bool = True

    def __bool__(self) -> bool:
        return bool(self.items) or not self.complete


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """When the webhooks and the reconciler were last heard of, in Unix seconds; None: never.

    Attributes:
        last_event: a verified delivery arrived.
        last_reconciliation: a comparison with Drone ended.
        last_gap: a comparison found what a delivery should have told.
    """

    last_event: float | None = None
    last_reconciliation: float | None = None
    last_gap: float | None = None

    @property
    def last_sign(self) -> float | None:
        """When a delivery or a comparison with Drone last said how things are."""
        return max(filter(None, (self.last_event, self.last_reconciliation)), default=None)

    def is_alive(self, now: float, within: float = FRESH_FOR) -> bool:
        """Tell whether a running build in the store can be believed without asking Drone.

        So it is when deliveries come, none has been missed since the last one, and a delivery or a comparison
        with Drone is younger than `within` seconds.
        """
        if self.last_event is None or self.last_event < (self.last_gap or 0):
            return False
        return self.last_sign is not None and now - self.last_sign <= within


def receive(known: Record | None, seen: Seen, cursor: str) -> tuple[Record, Change | None]:
    """Tell what a snapshot makes of a record: pure, the step that all stores share.

    `cursor` is the feed's next place, taken if anything changes.
    """
    before = None if known is None else known.build
    build, changed = advance(before, seen.build)
    if known is not None and changed is None:
        confirmed = replace(known, source=seen.source, seen_at=seen.at)
        return (confirmed if _confirms(known, seen) else known), None
    change = Change(
        slug=seen.slug,
        number=build.number,
        status=build.status,
        source=seen.source,
        at=seen.at,
        transitions=changed or (),
        cursor=cursor,
    )
    seen_at = seen.at if known is None or _confirms(known, seen) else known.seen_at
    return Record(seen.slug, build, seen.source, seen_at, cursor), change


def _confirms(known: Record, seen: Seen) -> bool:
    """Tell whether a snapshot makes a record fresher: one without stages says nothing of those that are known."""
    return seen.at >= known.seen_at and bool(seen.build.stages or not known.build.stages)

"""Limits how often an agent acts in a scope.

A limit of ten an hour is ten places, and an action takes one of them for an hour. A place is a note, so that replicas
and restarted processes count together, and two of them cannot take the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import RateLimited
from ci_mcp_kit.guard import guard_notes

if TYPE_CHECKING:
    from ci_mcp_kit.guard.guard_notes import GuardNotes, Who


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of actions within a number of seconds."""

    count: int
    seconds: int

    def doubled(self) -> Rate:
        """Return the limit of questions about so many actions: a form may be closed by mistake."""
        return Rate(2 * self.count, self.seconds)

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds // 60} min"


class RateLimit:
    """The limit of an agent. Times are Unix seconds, given by the caller.

    Args:
        rate: the limit.
        kept: the notes that all processes of the agent share.
        counts: what is counted, for keys and for sentences: "actions".
    """

    def __init__(self, rate: Rate, kept: GuardNotes, counts: str = "actions") -> None:
        self._rate = rate
        self._counts = counts
        self._kept = kept
        # Saves the reads: a place that is known to be taken is not asked for again before its end.
        self._taken: dict[tuple[Who, str], dict[int, float]] = {}  # places known to be taken -> until when

    async def check(self, who: Who, scope: str, now: float) -> None:
        """Raise `RateLimited` if the agent has used up its limit in the scope."""
        # A first look only, so that no person is asked to confirm what would be refused. `take` decides.
        taken = self._still_taken(who, scope, now)
        for place in self._perhaps_free(taken):
            since = await self._kept.note(self._key(who, scope, place), at=now)
            if since is None:
                return
            taken[place] = self._until(since, now)
        raise self._spent(taken, scope, now)

    async def take(self, who: Who, scope: str, now: float) -> None:
        """Count one action; raise as `check` does."""
        taken = self._still_taken(who, scope, now)
        for place in self._perhaps_free(taken):
            key, seconds = self._key(who, scope, place), self._rate.seconds
            # The value is the time of the action, from which other processes compute when the place is free again.
            since = await self._kept.claim(key, repr(now), seconds, at=now)
            taken[place] = self._until(since or repr(now), now)
            if since is None:
                return
        raise self._spent(taken, scope, now)

    def _key(self, who: Who, scope: str, place: int) -> str:
        # A service may take a scope in any case; the agent must not get a second limit by another spelling.
        return guard_notes.key("rate", self._counts, who, scope.casefold(), place)

    def _still_taken(self, who: Who, scope: str, now: float) -> dict[int, float]:
        known = self._taken.get((who, scope), {})
        self._taken[who, scope] = taken = {place: until for place, until in known.items() if until > now}
        return taken

    def _perhaps_free(self, taken: dict[int, float]) -> list[int]:
        return [place for place in range(self._rate.count) if place not in taken]

    def _until(self, since: str, now: float) -> float:
        # Another machine's clock may be ahead of this one's; no place is taken for longer than from now on.
        return min(float(since), now) + self._rate.seconds

    def _spent(self, taken: dict[int, float], scope: str, now: float) -> RateLimited:
        wait = round(min(taken.values()) - now)
        return RateLimited(
            f"This agent has used up its {self._counts} in {scope}: {self._rate}",
            details={"rule": "rate", "retry_after": max(1, wait)},
        )

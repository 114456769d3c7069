"""How often: a limit on actions, for each agent and repository.

A limit of ten in an hour is ten places, each of which an action takes for an hour. A place is a note, so that replicas
and restarted processes count together, and no two of them can take the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_client.errors import RateLimited
from drone_mcp_kit.guard import notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_kit.guard.notes import Notes, Who


@dataclass(frozen=True, slots=True)
class Rate:
    """So many actions within so many seconds."""

    count: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds // 60} min"


class RateLimit:
    """The limit of one agent. Times are Unix seconds, given by the caller."""

    def __init__(self, rate: Rate, who: Who, kept: Notes) -> None:
        self._rate = rate
        self._who = who
        self._kept = kept
        self._taken: dict[str, dict[int, float]] = {}  # repository -> places known to be taken -> until when

    async def check(self, repo: str, now: float) -> None:
        """Raise `RateLimited` where the repository has had its share."""
        for place in self._perhaps_free(repo, now):
            since = await self._kept.note(self._key(repo, place), at=now)
            if since is None:
                return
            self._remember(repo, place, since, now)
        raise self._spent(repo, now)

    async def take(self, repo: str, now: float) -> None:
        """Count one action; raise as `check` does."""
        for place in self._perhaps_free(repo, now):
            since = await self._kept.claim(self._key(repo, place), repr(now), self._rate.seconds, at=now)
            self._remember(repo, place, since or repr(now), now)
            if since is None:
                return
        raise self._spent(repo, now)

    def _perhaps_free(self, repo: str, now: float) -> Iterator[int]:
        taken = {place: until for place, until in self._taken.get(repo, {}).items() if until > now}
        self._taken[repo] = taken
        return (place for place in range(self._rate.count) if place not in taken)

    def _remember(self, repo: str, place: int, since: str, now: float) -> None:
        # Another machine's clock may be ahead of this one's; no place is taken for longer than from now on.
        self._taken[repo][place] = min(float(since), now) + self._rate.seconds

    def _key(self, repo: str, place: int) -> str:
        return notes.key("rate", self._who, repo, place)

    def _spent(self, repo: str, now: float) -> RateLimited:
        wait = round(min(self._taken[repo].values()) - now)
        return RateLimited(
            f"This agent may do {self._rate} in {repo}, and has",
            details={"rule": "rate", "retry_after": max(1, wait)},
        )

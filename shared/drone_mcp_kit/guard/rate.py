"""How often: a limit on actions, for each repository, in this process."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drone_mcp_client.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Rate:
    """So many actions within so many seconds."""

    count: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds // 60} min"


class RateLimit:
    """Remembers what was done when. Times are Unix seconds, given by the caller."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._done: dict[str, deque[float]] = {}

    def check(self, repo: str, now: float) -> None:
        """Raise `RateLimited` where the repository has had its share."""
        done = self._done.get(repo, deque())
        while done and done[0] <= now - self._rate.seconds:
            done.popleft()
        if len(done) >= self._rate.count:
            wait = round(done[0] + self._rate.seconds - now) if done else self._rate.seconds
            raise RateLimited(
                f"This agent may do {self._rate} in {repo}, and has",
                details={"rule": "rate", "retry_after": max(1, wait)},
            )

    def take(self, repo: str, now: float) -> None:
        """Count one action; raise as `check` does."""
        self.check(repo, now)
        self._done.setdefault(repo, deque()).append(now)

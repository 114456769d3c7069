"""That the token of this process may read a repository: asked of Drone, and believed for a minute.

The store is filled by receivers and readers with tokens of their own. So what it holds says nothing about who may see
it, and nothing of it is given to a caller whose token Drone has not let read the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import AuthenticationFailed, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Repo

BELIEVED_SECONDS: Final = 60.0
MOST_KEPT: Final = 1_000

NOT_SHOWN = (AuthenticationFailed, NotFound, PermissionDenied)


@dataclass(frozen=True, slots=True)
class Shown:
    """A repository that a token may read, as it was then (`at`, Unix time)."""

    at: float
    tokens: tuple[str, ...]
    repo: Repo


class Proof:
    """Remembers what was shown. A refusal is never remembered: access that is granted works at once."""

    def __init__(self, access: DroneAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock
        self._kept: dict[str, Shown] = {}

    async def of(self, slug: str, ahead: float = 0.0) -> Repo | None:
        """Return the repository if the token may read it, None if not; believable for `ahead` more seconds.

        Raises:
            ServiceError: Drone did not say.
        """
        self._access.scope.check(slug)
        kept = self._kept.get(slug)
        if kept is not None and self._holds(kept, ahead):
            return kept.repo
        self._kept.pop(slug, None)
        return await self._ask(slug)

    def _holds(self, kept: Shown, ahead: float) -> bool:
        return kept.tokens == self._tokens() and 0 <= self._clock() - kept.at <= BELIEVED_SECONDS - ahead

    async def _ask(self, slug: str) -> Repo | None:
        drone = await self._access.client()
        at, tokens = self._clock(), self._tokens()
        try:
            repo = await drone.repo(slug)
        except NOT_SHOWN:
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[slug] = Shown(at, tokens, repo)
        return repo

    def _tokens(self) -> tuple[str, ...]:
        """What the token is now: a file may hold another one than a moment ago."""
        return tuple(self._access.settings.secrets())

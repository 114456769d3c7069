"""Checks that our token may read a repository; the answer is cached for a minute.

The store is filled by receivers and readers with tokens of their own. Its content does not show who may
read it, so it is returned only if Drone has just let our token read the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import AuthenticationFailed, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Repo

CACHED_SECONDS: Final = 60.0  # for so long a permission that is taken away still holds here
MOST_CACHED: Final = 1_000  # repositories

# Of a repository that a token may not read, Drone answers 401 to guests, 404 to users, and 403 to inactive users with
# rights (drone/drone v2.25.0, handler/api/acl).
_REFUSALS = (AuthenticationFailed, NotFound, PermissionDenied)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A repository as it was read at a time (Unix) with the tokens of then."""

    at: float
    tokens: tuple[str, ...]
    repo: Repo


class ReadPermission:
    """Asks Drone for repositories, and caches those that it shows.

    A refusal is not cached, so that access that is granted works at once. `clock` gives the Unix time.
    """

    def __init__(self, access: DroneAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock
        self._cache: dict[str, _Entry] = {}

    async def repo(self, slug: str, ahead: float = 0.0) -> Repo | None:
        """Return the repository if our token may read it, else None; the answer holds for `ahead` more seconds.

        Raises:
            PermissionDenied: it is out of this role's scope.
            ServiceError: Drone did not answer.
        """
        self._access.scope.check(slug)
        # The token is read again each time: its file may hold another one than a moment ago.
        at, tokens = self._clock(), tuple(self._access.settings.tokens())
        # Taken out at once: an entry that has expired must not survive the refusal that may follow.
        entry = self._cache.pop(slug, None)
        # The age is negative after the clock was set back: such an entry could be of any age.
        if entry is not None and entry.tokens == tokens and 0 <= at - entry.at <= CACHED_SECONDS - ahead:
            self._cache[slug] = entry
            return entry.repo
        drone = await self._access.client()
        try:
            repo = await drone.repo(slug)
        except _REFUSALS:
            return None
        # Rare, so no order is kept of what was used last: each repository is asked for once more.
        if len(self._cache) >= MOST_CACHED:
            self._cache.clear()
        self._cache[slug] = _Entry(at, tokens, repo)
        return repo

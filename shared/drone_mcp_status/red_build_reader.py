"""Reads red and waiting builds from the store, and again only what has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_status.red_builds import red_refs, waiting_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_state import BuildStateStore
    from drone_mcp_status.page_data import RedRef, WaitingBuild

DEPTH: Final = 50  # builds of a repository, among which the beginning of a failure is looked for
RECENT: Final = 30 * 86_400.0  # seconds: nobody repairs a branch whose last build is older
REREAD: Final = 600.0  # seconds after which everything is read again: the feed does not report dropped builds
MOST_WAITING: Final = 200


class Board:
    """The red refs of each repository, kept between two readings.

    Args:
        server: Drone's address, for links.
        clock: gives the Unix time.
    """

    def __init__(self, server: str, clock: Callable[[], float]) -> None:
        self._server = server.rstrip("/")
        self._clock = clock
        self._red: dict[str, list[RedRef]] = {}
        self._cursor = ""
        self._read_at = float("-inf")

    async def red(self, store: BuildStateStore) -> list[RedRef] | None:
        """Return what is red, longest first; None while the store knows no repository.

        Raises:
            StoreError: the store does not answer.
        """
        now = self._clock()
        changes = await store.changes(self._cursor)
        repos = await store.repos()
        known = self._red.keys() & set(repos)
        is_current = changes.complete and 0 <= now - self._read_at < REREAD
        stale = {change.slug for change in changes.items} | (set(repos) - known) if is_current else set(repos)
        for slug in stale & set(repos):
            records = await store.newest(slug, DEPTH)
            builds = [record.build for record in records if now - record.build.created < RECENT]
            self._red[slug] = red_refs(slug, builds, self._server)
        for slug in self._red.keys() - set(repos):
            del self._red[slug]
        if not is_current:
            self._read_at = now
        # Last: a reading that was cut off is repeated as a whole.
        self._cursor = changes.cursor
        if not repos:
            return None
        return sorted((one for red in self._red.values() for one in red), key=lambda one: one.since)

    async def waiting(self, store: BuildStateStore) -> list[WaitingBuild]:
        """Return the builds that have not ended, longest waiting first.

        Raises:
            StoreError: the store does not answer.
        """
        records = await store.unfinished(MOST_WAITING)
        found = [waiting_build(record.slug, record.build, self._server) for record in records]
        return sorted((one for one in found if one is not None), key=lambda one: one.since)

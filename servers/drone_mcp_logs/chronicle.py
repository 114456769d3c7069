"""The builds of a repository, newest first: from the store as far as that knows them, then from Drone, page by page.

All within a budget of requests, so that looking far back is never dear; what was looked at is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_client.status import is_final
from drone_mcp_known.known import is_whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Known

PAGE = 100  # builds; Drone's maximum
MOST_STORED = 1_000
_HEADS = "refs/heads/"


@dataclass(slots=True)
class Requests:
    """How many requests may still be sent, of `most`."""

    most: int
    sent: int = 0

    @property
    def left(self) -> int:
        """How many more."""
        return self.most - self.sent

    def take(self) -> bool:
        """Take one, if there is one left."""
        if self.left <= 0:
            return False
        self.sent += 1
        return True


@dataclass(slots=True)
class Chronicle:
    """Looks back through the builds of `slug`, of one branch if that is given."""

    drone: DroneClient
    known: Known
    slug: str
    requests: Requests
    branch: str = ""
    stored: int = 0  # builds that the store had
    _whole: dict[int, Build] = field(default_factory=dict)

    async def back(self) -> AsyncIterator[list[Build]]:
        """Give the builds in batches, newest first, until there are no more or no request is left."""
        every = await self.known.newest(self.slug, MOST_STORED)
        stored = [await self._now(build) for build in every if not self.branch or build.ref == _HEADS + self.branch]
        self.stored = len(stored)
        if stored:
            yield stored
        oldest = every[-1].number if every else None
        if oldest == 1:
            return
        async for page in self._pages(len(stored) // PAGE + 1):
            unseen = [build for build in page if oldest is None or build.number < oldest]
            oldest = min([build.number for build in page], default=oldest)
            if unseen:
                yield unseen

    async def _now(self, build: Build) -> Build:
        """Return a build of the store as it stands now: one that ran may have ended since."""
        return build if is_final(build.status) else await self.whole(build) or build

    async def _pages(self, first: int) -> AsyncIterator[tuple[Build, ...]]:
        """Read pages from the one on that goes on where the store ends; builds that are added meanwhile shift them."""
        number = first
        while self.requests.take():
            page = await self.drone.build_page(self.slug, number, PAGE, branch=self.branch or None)
            yield page
            if len(page) < PAGE:
                return
            number += 1

    async def whole(self, build: Build) -> Build | None:
        """Return a build with its stages; None where no request is left for it."""
        if is_whole(build):
            return build
        if build.number not in self._whole:
            found = await self._find(build.number)
            if found is None:
                return None
            self._whole[build.number] = found
        return self._whole[build.number]

    async def _find(self, number: int) -> Build | None:
        reading = await self.known.build(self.slug, number)
        if reading is not None:
            return reading.build
        if not self.requests.take():
            return None
        build = await self.drone.build(self.slug, number)
        await self.known.learn(self.slug, build)
        return build

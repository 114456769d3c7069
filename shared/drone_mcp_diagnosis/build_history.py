"""Reads the builds of a repository, newest first: those in the store, then further ones from Drone, page by page.

A budget limits the requests, and answers say how many builds were read.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_build.failed_steps import step_refs
from drone_mcp_client.status import is_final
from drone_mcp_known.known import is_whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Known
    from drone_mcp_known.reader import BuildReader


PAGE = 100  # builds; Drone's maximum
_STORED = (PAGE, 1_000)  # builds that the store is asked for: most questions need few
_HEADS = "refs/heads/"


@dataclass(slots=True)
class Requests:
    """How many requests may still be sent, of `most`."""

    most: int
    sent: int = 0

    @property
    def left(self) -> int:
        """How many requests may still be sent."""
        return self.most - self.sent

    def take(self) -> bool:
        """Use one request; return False if none is left."""
        if self.left <= 0:
            return False
        self.sent += 1
        return True


@dataclass(slots=True)
class Chronicle:
    """Looks back through the builds of `slug`, of one branch if that is given."""

    drone: DroneClient
    known: Known
    builds: BuildReader
    slug: str
    requests: Requests
    branch: str = ""
    stored: int = 0  # builds that the store had
    _whole: dict[int, Build] = field(default_factory=dict)  # by number: judging and signing both need the stages

    async def back(self) -> AsyncGenerator[list[Build]]:
        """Yield the builds in batches, newest first, until there are no more or no request is left."""
        # Below the store's first gap only Drone knows, so its pages follow from the oldest stored build on.
        oldest: int | None = None
        for most in _STORED:
            every = await self.known.newest_builds(self.slug, most)
            unseen = [build for build in every if oldest is None or build.number < oldest]
            oldest = every[-1].number if every else oldest
            # The exact ref, as Drone's filter has it: promotions and restarts of the branch match, pull requests to it
            # do not (harness/drone v2.25.0, handler/api/repos/builds/list.go).
            on_branch = [build for build in unseen if not self.branch or build.ref == _HEADS + self.branch]
            # A build that ran when it was stored may have ended since.
            stored = [build if is_final(build.status) else await self.whole(build) or build for build in on_branch]
            if stored:
                self.stored += len(stored)
                yield stored
            if len(every) < most:
                break
        if oldest != 1:  # Drone numbers builds from 1
            # `aclosing`, as a caller that stops early would leave the inner generator open until it is collected.
            async with aclosing(self._pages(oldest)) as pages:
                async for page in pages:
                    yield page

    async def _pages(self, oldest: int | None) -> AsyncGenerator[list[Build]]:
        """Read on in Drone's pages, below `oldest`; builds that are added meanwhile shift them."""
        number = self.stored // PAGE + 1  # skips the pages that the store has given
        while self.requests.take():
            page = await self.drone.build_page(self.slug, number, PAGE, branch=self.branch or None)
            if unseen := [build for build in page if oldest is None or build.number < oldest]:
                oldest = unseen[-1].number
                yield unseen
            # Drone sends neither a total nor a link to the next page: a page that is not full is the last.
            if len(page) < PAGE:
                return
            number += 1

    async def whole(self, build: Build) -> Build | None:
        """Return a build with its stages; None where no request is left for it."""
        if is_whole(build):
            return build
        if build.number not in self._whole:
            observation = await self.known.build(self.slug, build.number)
            if observation is None and self.requests.take():
                observation = await self.builds.ask(self.slug, build.number)
            if observation is None:
                return None
            self._whole[build.number] = observation.build
        return self._whole[build.number]


BEFORE_PAGE = 50  # builds of a page
_PAGES_BEFORE = 2  # of the requests that `diagnose.other_builds` may send


async def builds_before(drone: DroneClient, repo: str, number: int, branch: str) -> list[Build]:
    """Return the newest builds of a branch, newest first, down to a good one before build `number` or two pages."""
    listed: list[Build] = []
    for page in range(1, _PAGES_BEFORE + 1):
        builds = await drone.build_page(repo, page, BEFORE_PAGE, branch=branch)
        # Newer ones stay in: a diagnosis says how the branch stands since.
        listed += builds
        if len(builds) < BEFORE_PAGE or any(is_good_before(build, number) for build in listed):
            break
    return listed


def same_step(build: Build, ref: StepRef) -> StepRef | None:
    """Return the step of the same name in the stage of the same name; None if the build has none."""
    # By name: numbers change when someone inserts a step.
    wanted = ref.stage.name, ref.step.name
    return next((one for one in step_refs(build) if (one.stage.name, one.step.name) == wanted), None)


def is_good_before(build: Build, number: int) -> bool:
    """Return whether a build succeeded before build `number`."""
    return build.status == "success" and build.number < number


def first_numbers(builds: Iterable[Build]) -> dict[int, int]:
    """Return, for each build by its number, the number of the first build of its commit, as far as it is known."""
    known = list(builds)
    first: dict[str, int] = {}
    for build in known:
        commit = _commit(build)
        first[commit] = min(build.number, build.parent or build.number, first.get(commit, build.number))
    return {build.number: first[_commit(build)] for build in known}


def is_same_commit(one: Build, other: Build) -> bool:
    """Return whether two builds are of the same commit."""
    return _commit(one) == _commit(other)


def newest_commit_first(builds: Iterable[Build]) -> list[Build]:
    """Sort builds by their commits, the newest first, and those of one commit by their numbers."""
    known = list(builds)
    first = first_numbers(known)
    return sorted(known, key=lambda build: (-first[build.number], -build.number))


def placed(builds: Iterable[Build]) -> list[Build]:
    """Return the builds whose commit is among those listed, and not one from before the oldest of them."""
    known = list(builds)
    first, oldest = first_numbers(known), min((build.number for build in known), default=0)
    return [build for build in known if first[build.number] >= oldest]


def _commit(build: Build) -> str:
    return build.after or f"build {build.number}"

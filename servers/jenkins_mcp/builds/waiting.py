"""Waits for the end of a build, from its queue item on, for a limited time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.errors import InvalidInput, NotFound, PermissionDenied, ServiceError
from jenkins_mcp.builds.answer import describe_build
from jenkins_mcp.builds.reading import read_stages
from jenkins_mcp.builds.views import WaitView
from jenkins_mcp.client import calls
from jenkins_mcp.client.names import job_of
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.queue_and_nodes.answer import describe_item, job_of_item

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.queue import QueueItem
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.client.server_time import Dated
    from jenkins_mcp.scope import JobScope

    Pause = Callable[[float], Awaitable[object]]
    Report = Callable[[float, float, str], Awaitable[None]]

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 1.0, 5.0, 1.5  # seconds between two questions, and how they grow
LOOKED_THROUGH: Final = 50  # builds, from the newest on, for the one that a forgotten queue item became


@dataclass(kw_only=True)
class Wait:
    """A wait in progress, for a queue item or a build.

    Attributes:
        client: of the Jenkins.
        scope: the jobs of this role.
        job: the job; None until the item says it.
        build: its number or a permalink; None until the item has become a build.
        item: the queue item; None if the wait is for a build.
        clock: gives the Unix time.
        pause: sleeps.
    """

    client: JenkinsClient
    scope: JobScope
    job: JobName | None
    build: int | str | None
    item: int | None
    clock: Callable[[], float]
    pause: Pause
    trouble: str = field(default="", init=False)
    seen_item: Dated[QueueItem] | None = field(default=None, init=False)
    seen_build: Dated[Build] | None = field(default=None, init=False)

    async def run(self, seconds: float, report: Report) -> WaitView:
        """Return as soon as the build has ended, and at the latest when the time is up.

        Raises:
            ServiceError: item or build cannot be read, and the error is permanent.
        """
        began, pause = self.clock(), FIRST_PAUSE
        await self._look()
        # A slow answer must not make the wait longer than the client waits for it.
        with anyio.move_on_after(seconds):
            while not self.is_over:
                waited = self.clock() - began
                if waited >= seconds:
                    break
                headline = f"Queue item {self.item} waits"
                if self.seen_build:
                    headline = f"{self.job} #{self.seen_build.value.number} is running"
                await report(waited, seconds, headline)
                await self.pause(min(pause, seconds - waited))
                pause = min(LONGEST_PAUSE, pause * GROWTH)
                await self._look_again()
        return await self._describe()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to wait for."""
        if self.seen_build:
            return self.seen_build.value.is_over
        return self.seen_item is not None and self.seen_item.value.has_left and self.build is None

    async def _look_again(self) -> None:
        """Look once more; a short outage of Jenkins must not end a wait, and the answer mentions it if it lasts."""
        try:
            await self._look()
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"Jenkins could not be asked meanwhile: {error.message}"
        else:
            self.trouble = ""

    async def _look(self) -> None:
        """Read the item until it has become a build, then the build."""
        if self.item is not None and self.build is None:
            try:
                read = await self.client.send(calls.get_queue_item(self.item))
            except NotFound:
                self.build = await self._find_build_of(self.item)
            else:
                job = job_of_item(read.value)
                if not self.scope.sees(job):
                    raise PermissionDenied(
                        f"Queue item {self.item} is of a job outside the jobs of this role",
                        next_step="Ask for an item of a job of this role",
                        details={"rule": "scope"},
                        service=JENKINS,
                    )
                self.seen_item, self.job = read, job_of(job)
                self.build = read.value.executable.number if read.value.executable else None
        if self.build is not None and self.job is not None:
            self.seen_build = await self.client.send(calls.get_build(self.job, self.build))
            self.build = self.seen_build.value.number

    async def _find_build_of(self, item: int) -> int:
        """Return the build that an item became which Jenkins has forgotten, five minutes after it left the queue."""
        if self.job is None:
            raise InvalidInput(
                f"Jenkins does not know queue item {item}: it forgets an item five minutes after it left the queue",
                next_step="Call again with item and job, and the build that it became is looked for",
                service=JENKINS,
            )
        page = await self.client.send(calls.search_builds(self.job, 0, LOOKED_THROUGH))
        found = next((build.number for build in page.all_builds if build.queue_id == item), None)
        if found is None:
            raise NotFound(
                f"No queue item {item}, and none of the last {LOOKED_THROUGH} builds of {self.job} came from it",
                next_step="Look at the last builds of the job: the item may have been cancelled",
                service=JENKINS,
            )
        return found

    async def _describe(self) -> WaitView:
        now = int(self.clock() * 1000)
        if self.seen_build is None or self.job is None:
            read = self.seen_item
            line = describe_item(read.value, read.now or now) if read else None
            cancelled = "It was cancelled: no build came of it" if self.is_over else ""
            again = "" if self.is_over else f"Call jenkins_wait_for_build again with item {self.item}"
            return WaitView(finished=self.is_over, item=line, note=self.trouble or cancelled, next_step=again)
        build = self.seen_build.value
        stages = await read_stages(self.client, self.job, build)
        page = self.client.page(self.job, build.number)
        view = describe_build(self.job, self.seen_build, stages, page=page, now=now)
        return WaitView(
            finished=self.is_over,
            build=view.model_copy(update={"next_step": ""}),
            note=self.trouble,
            next_step=view.next_step
            if self.is_over
            else f"Call jenkins_wait_for_build again with build {build.number}",
        )

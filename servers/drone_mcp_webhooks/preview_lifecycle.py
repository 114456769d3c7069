"""Opens and stops the previews of branches, through the guard.

A preview is stopped when its time is over or its pull request is merged or closed. One is opened, for the branches that
the operator names, when a push turns green. A lease in the store lets one receiver at a time do it, and a note for each
preview keeps it from being done twice, also where the lease has passed to another receiver.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.lowlevel

from ci_mcp_kit.guard.guard_notes import key
from drone_mcp_build.scope import RepoScope
from drone_mcp_client.errors import ServiceError
from drone_mcp_deployments.deploying import DeployChange
from drone_mcp_deployments.preview_stopping import StopPreview
from drone_mcp_deployments.previews import find_closed, find_wanted, preview_branch, read_previews
from drone_mcp_state import StoreError
from drone_mcp_webhooks import metrics as m

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.change import DeploymentChange
    from drone_mcp_deployments.preview_ends import PreviewEnds
    from drone_mcp_deployments.previews import Preview
    from drone_mcp_deployments.rules import DeployRules
    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

LEASE: Final = "previews"
LOOKED_THROUGH: Final = 200  # newest known builds of a repository
HOUR: Final = 3600.0


@dataclass(kw_only=True)
class PreviewSweep:
    """Sweeps until it is cancelled. `period` is in seconds, `now` returns Unix time, `pause` sleeps on that clock.

    Attributes:
        store: has the known builds, the lease and the notes.
        access: reads from Drone.
        actor: sends changes through the guard.
        rules: the guard's.
        ends: the ends of previews.
        branches: globs of the branches that get a preview when they turn green.
        holder: names this process.
        bind: raises `StoreError` if the store is not for this Drone.
    """

    store: BuildStateStore
    access: DroneAccess
    actor: Actor
    rules: DeployRules
    ends: PreviewEnds
    branches: tuple[str, ...]
    holder: str
    period: float = 60.0
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = anyio.sleep
    bind: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint

    async def run(self) -> None:
        """Sweep once in each period."""
        while True:
            try:
                await self.bind()
                await self.sweep()
            except StoreError as error:
                logger.warning("Previews are not looked after: %s", error)
            await self.pause(self.period)

    async def sweep(self) -> None:
        """Sweep every repository in which the guard allows changes, if no other receiver does."""
        scope = RepoScope(self.rules.repos)
        for slug in await self.store.repos():
            # Renewed for each, because a start of a build may take Drone a minute.
            if not await self.store.notes.hold_lease(LEASE, self.holder, 2.5 * self.period, at=self.now()):
                return
            if self.rules.repos and scope.sees(slug):
                try:
                    await self._sweep_repo(slug)
                except ServiceError as error:
                    logger.warning("The previews of %s were not looked after: %s", slug, error)

    async def release_lease(self) -> None:
        """Release the lease, so that another receiver takes over at once."""
        await self.store.notes.release_lease(LEASE, self.holder)

    async def _sweep_repo(self, slug: str) -> None:
        drone = await self.access.client()
        previews = read_previews(await drone.deployments(slug), self.rules.preview_stop)
        still_open = [preview for preview in previews if preview.is_open]
        if not still_open and not self.branches:
            return
        builds = [record.build for record in await self.store.newest(slug, LOOKED_THROUGH)]
        closed = find_closed(slug, builds, ())
        if closed:  # there are pull requests; Drone is asked only then which of them are still open
            closed = find_closed(slug, builds, await drone.pulls(slug))
        for preview in still_open:
            now = self.now()
            ends = await self.ends.read(slug, preview, now)
            if (preview.branch, preview.deployment.after) in closed or now >= ends:
                change = StopPreview(**self._shared(slug, preview.target))
                # A stop that fails or is refused is tried again after an hour, and then ever more rarely.
                await self._act("stopped", change, preview.target, max(HOUR, now - ends))
        if self.branches:
            await self._open_wanted(slug, builds, previews, closed)

    async def _open_wanted(
        self, slug: str, builds: Sequence[Build], previews: Sequence[Preview], closed: set[tuple[str, str]]
    ) -> None:
        since = self.now() - self.rules.previews.seconds
        wanted = find_wanted(builds, previews, globs=self.branches, closed=closed, since=since)
        if not wanted:
            return
        default = (await (await self.access.client()).repo(slug)).default_branch
        for build in wanted:
            if preview_branch(build) != default:
                change = DeployChange(**self._shared(slug, ""), name="create", number=build.number)
                await self._act("opened", change, str(build.number), HOUR)

    def _shared(self, slug: str, target: str) -> dict[str, Any]:
        return {
            "access": self.access,
            "clock": self.now,
            "report": _report_to_nobody,
            "ends": self.ends,
            "stop": self.rules.preview_stop,
            "repo": slug,
            "target": target,
        }

    async def _act(self, what: str, change: DeploymentChange, subject: str, seconds: float) -> None:
        """Carry out a change of a preview or a build, unless it was tried within the last seconds."""
        note = key("sweep", what, change.repo, subject)
        if await self.store.notes.claim(note, self.holder, seconds, at=self.now()) is not None:
            return
        try:
            view = await self.actor.act(None, change, dry_run=False, token=None)
        except ServiceError as error:
            self.metrics.previews.labels(what, "failed").inc()
            logger.warning("A preview of %s was not %s (%s): %s", change.repo, what, subject, error)
        else:
            outcome = getattr(view, "outcome", "")
            self.metrics.previews.labels(what, outcome).inc()
            logger.info("A preview of %s was %s (%s): %s", change.repo, what, subject, outcome)


async def _report_to_nobody(progress: float, total: float, message: str) -> None:
    """Take a report of progress for which nobody waits."""

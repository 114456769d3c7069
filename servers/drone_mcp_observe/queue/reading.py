"""Reads the queue: from Drone's own list for administrators, else from the builds that the token may read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from drone_mcp_client.errors import ServiceError
from drone_mcp_client.status import is_final
from drone_mcp_observe.queue.reasons import Evidence, gather_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Repo, Stage
    from drone_mcp_known.client_and_store import KnownAccess

_OPEN: Final = frozenset({"pending", "running"})
_REFUSED: Final = frozenset({403, 501})  # to who is no administrator, and by a Drone that was built without the route
_MOST_READ: Final = 20  # unfinished builds that are read one by one where Drone does not show its queue
_MOST_ENDED: Final = 6  # ended builds that are read for the runners that took their stages


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage belongs: its repository, and the number of its build, 0 where that is not known."""

    repo: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class QueueReading:
    """What was read of the queue.

    Attributes:
        evidence: the stages.
        places: build id -> where it belongs.
        repos: repository id -> its name.
        is_whole: whether Drone showed its whole queue.
        not_read: unfinished builds that were not read.
    """

    evidence: Evidence
    places: dict[int, Place]
    repos: dict[int, str] = field(default_factory=dict)
    is_whole: bool = True
    not_read: int = 0

    def place_of(self, stage: Stage) -> Place | None:
        """Return where a stage belongs; None where neither build nor repository is known."""
        repo = self.repos.get(stage.repo_id)
        return self.places.get(stage.build_id) or (Place(repo) if repo else None)


async def read_queue(access: KnownAccess, now: float) -> QueueReading:
    """Read the queue, and as many ended builds as it takes to know the runners.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    drone = await access.client()
    try:
        queue = await drone.queue()
    except ServiceError as error:
        if error.status not in _REFUSED:
            raise
        return await _read_visible_builds(access, drone, now)
    # The queue names builds by ids only. This list has the newest 50 of them with number and repository.
    named = await drone.incomplete() if queue else ()
    places = {repo.build.id: Place(repo.slug, repo.build.number) for repo in named if repo.build}
    waits = any(stage.status == "pending" and not stage.machine for stage in queue)
    ended = await _read_ended(access, drone, {place.repo for place in places.values()}) if waits else ()
    return QueueReading(gather_evidence(queue, ended, now), places, {repo.id: repo.slug for repo in named})


async def _read_visible_builds(access: KnownAccess, drone: DroneClient, now: float) -> QueueReading:
    """Put the queue together from the unfinished builds of the repositories that the token may read."""
    rows = [*await drone.user_builds(), *await drone.repos(latest=True)]
    seen = {(repo.slug, repo.build.number): repo.build for repo in access.scope.only(rows, _slug) if repo.build}
    unfinished = sorted((key for key, build in seen.items() if not is_final(build.status)), key=lambda k: -seen[k].id)
    builds = await for_each(unfinished[:_MOST_READ], lambda key: access.builds.build(*key))
    found = [one.build for one in builds]
    places = {one.id: Place(*key) for one, key in zip(found, unfinished, strict=False)}
    stages = [stage for build in found for stage in build.stages if stage.status in _OPEN]
    ended = await _read_ended(access, drone, {slug for slug, _ in unfinished}) if stages else ()
    evidence = gather_evidence(sorted(stages, key=lambda stage: stage.id), ended, now)
    return QueueReading(evidence, places, is_whole=False, not_read=max(0, len(unfinished) - _MOST_READ))


async def _read_ended(access: KnownAccess, drone: DroneClient, waiting: Iterable[str]) -> list[Stage]:
    """Return stages of ended builds, which name the runners that took them: from the store, else from Drone."""
    slugs = [slug for slug in sorted(waiting) if access.scope.sees(slug)][:_MOST_ENDED]
    lists = await for_each(slugs, lambda slug: access.known.newest_builds(slug, _MOST_READ))
    stored = [build for builds in lists for build in builds if build.stages]
    if stored:
        return [stage for build in stored for stage in build.stages]
    rows = access.scope.only(await drone.user_builds(), _slug)
    newest = [(repo.slug, repo.build) for repo in rows if repo.build]
    ended = [(slug, build.number) for slug, build in newest if is_final(build.status) and build.started > 0]
    read = await for_each(ended[:_MOST_ENDED], lambda key: access.builds.build(*key))
    return [stage for one in read for stage in one.build.stages]


def _slug(repo: Repo) -> str:
    return repo.slug

"""Reads what alert rules look at: the newest builds of each repository, and when the store last heard from Drone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from drone_mcp_client.errors import NotFound
from drone_mcp_diagnosis.build_history import PAGE, Requests
from drone_mcp_observe.ci_alerts.rules import CiState, RepoState
from drone_mcp_observe.history import MOST_REQUESTS, list_recent_repos, read_history

if TYPE_CHECKING:
    from drone_mcp_client.models import Repo
    from drone_mcp_known.client_and_store import KnownAccess

_MOST_PENDING: Final = 5  # pending builds of a repository that are read, as a list does not say whether they are held


@dataclass(frozen=True, slots=True)
class StateReading:
    """What was read, and how many repositories were not."""

    state: CiState
    not_read: int


async def read_state(access: KnownAccess, slug: str | None, now: float) -> StateReading:
    """Read one repository, or all that the token may read, those with the latest builds first.

    Raises:
        NotFound: there is no such repository.
        ServiceError: Drone cannot be asked.
    """
    if slug is None:
        repos, more = await list_recent_repos(access, 0)
    else:
        repo = await access.known.repo(slug)
        if repo is None:
            raise NotFound(f"There is no repository {slug}, or this token may not read it", details={"repo": slug})
        repos, more = [repo], 0
    budget = Requests(MOST_REQUESTS)
    states = await for_each(repos, lambda repo: _read_builds(access, repo, budget))
    health = await access.known.state.ask(lambda store: store.health()) if access.known.state.shared else None
    return StateReading(CiState(tuple(states), health.last_sign if health else None, now), more)


async def _read_builds(access: KnownAccess, repo: Repo, budget: Requests) -> RepoState:
    history = await read_history(access, repo.slug, 0, budget, stages=False, most=PAGE)
    # Some of those that are pending with their stages: one may wait for an approval.
    pending = [build.number for build in history.builds if build.status == "pending" and not build.stages]
    numbers = pending[-_MOST_PENDING:]
    read = {number: (await access.builds.build(repo.slug, number)).build for number in numbers if budget.take()}
    return RepoState(repo, tuple(read.get(build.number, build) for build in history.builds))

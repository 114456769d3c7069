"""Answers from the build store, where they are fresh and our token may read the repository."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import anyio

from ci_mcp_kit import observing
from ci_mcp_kit.concurrency import run_all
from drone_mcp_client import status
from drone_mcp_client.errors import AuthenticationFailed, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state import BuildStateStore, Record


logger = logging.getLogger(__name__)

T = TypeVar("T")

OF_ANY_REF: Final = "The default branch has no builds; this is the newest of any branch, tag or pull request"
MOST_LISTED: Final = 100  # builds of a list that the store is asked for
MOST_BETWEEN: Final = 25  # builds looked up to make sure that the found one is the newest
RUNNING_SECONDS: Final = 10.0  # age of a stored row that has not ended from which on Drone is asked for it
KEPT_IN_MEMORY: Final = 20  # finished builds of a repository, where the store is this process alone
LEARNED_BETWEEN: Final = 50  # builds learned from one clean-up of that store to the next, which looks at every build
REST_SECONDS: Final = 30.0  # from a failure of the store to the next try


class LazyStore:
    """The store at a URL (`DRONE_MCP_STATE`), with the data of the Drone at `server`, opened at first use."""

    def __init__(self, url: str, server: str) -> None:
        self._url = url
        self._server = server
        self._lock = anyio.Lock()
        self._closing = AsyncExitStack()
        self._store: BuildStateStore | None = None

    async def open(self) -> BuildStateStore:
        """Return the store, the same one until `close`.

        Raises:
            StoreError: it cannot be opened.
        """
        from drone_mcp_state import open_store  # noqa: PLC0415 - on first use, to start fast

        # Two calls at the start must not open two stores: one would never be closed.
        async with self._lock:
            if self._store is None:
                self._store = await self._closing.enter_async_context(open_store(self._url, self._server))
            return self._store

    async def close(self) -> None:
        """Close the store, if it was opened; the next `open` opens it again."""
        # Not while it is being opened: the store would be open after this.
        async with self._lock:
            self._store = None
            await self._closing.aclose()


class State:
    """Access to the store of the Drone at `server`: opened at first use, and treated as empty while it does not answer.

    `clock` gives the Unix time.
    """

    def __init__(self, url: str, server: str, clock: Callable[[], float]) -> None:
        self.shared = url != "memory:"
        self._store = LazyStore(url, server)
        self._clock = clock
        self._failed_at = float("-inf")

    async def ask(self, question: Callable[[BuildStateStore], Awaitable[T]]) -> T | None:
        """Return the answer of the store; None while it is unavailable."""
        from drone_mcp_state import StoreError  # noqa: PLC0415 - on first use, to start fast

        # A store that does not answer would hold up every call. Not below 0: the clock may have been set back.
        if 0 <= self._clock() - self._failed_at < REST_SECONDS:
            return None
        try:
            return await question(await self._store.open())
        except StoreError as error:
            self._failed_at = self._clock()
            logger.warning("Going on without the state for %g seconds: %s", REST_SECONDS, error)
            return None

    async def close(self) -> None:
        """Close the store, if it was opened; the next `ask` opens it again."""
        await self._store.close()


@dataclass(frozen=True, slots=True)
class Observation:
    """A build with its stages, where it was read, and when it was in this state.

    Attributes:
        at: Unix time.
        of_any_ref: whether the newest build was asked for and the default branch has none.
    """

    build: Build
    source: Literal["drone", "store"]
    at: float
    of_any_ref: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Builds of a list, without their stages, and when the store last received one (`at`, Unix time)."""

    builds: tuple[Build, ...]
    at: float


def is_whole(build: Build) -> bool:
    """Return whether the build and all its stages and steps have ended, and all of them are known."""
    from drone_mcp_state import is_settled, lacks_details  # noqa: PLC0415 - on first use, to start fast

    return is_settled(build) and not lacks_details(build)


def merge_observations(known: Observation, seen: Observation) -> Observation:
    """Merge two observations of a build: the newer row of each stage and step; source and time are those of `seen`."""
    from drone_mcp_state import merge  # noqa: PLC0415 - on first use, to start fast

    return replace(seen, build=merge(known.build, seen.build))


class Known:
    """The build store, read on behalf of a token. `clock` gives the Unix time."""

    def __init__(self, access: DroneAccess, clock: Callable[[], float]) -> None:
        self.state = State(access.settings.state, access.settings.server, clock)
        self._permission = ReadPermission(access, clock)
        self._clock = clock
        self._learned = 0

    async def build(self, slug: str, number: int, ahead: float = 0.0) -> Observation | None:
        """Return a build from the store; None where Drone has to be asked.

        Args:
            slug: "owner/name".
            number: of the build.
            ahead: seconds for which the caller goes on to answer from the store after this call.
        """
        # The permission comes last: it may cost a request to Drone, which a miss in the store does not need.
        record = await self.state.ask(lambda store: store.get(slug, number))
        if record is None or not await self._is_fresh(record):
            return None
        return self._observe(record, await self._permission.repo(slug, ahead))

    async def latest(self, slug: str) -> Observation | None:
        """Return the newest build of the default branch; None as in `build`."""
        # Only a live feed reports a build that is newer than those in the store.
        if not await self.feed_is_alive():
            return None
        repo = await self._permission.repo(slug)
        if repo is None:
            return None
        record = await self.state.ask(lambda store: _newest(store, repo))
        if record is None or not await self._is_fresh(record):
            return None
        return self._observe(record, repo)

    async def page(self, slug: str, page: int, size: int) -> Page | None:
        """Return a page of a repository's builds, newest first, as Drone would list them; None as in `build`.

        The feed must be alive, and no number may be missing from the newest build down to the page's last.
        """
        at = await self._heard_at()
        if at is None or page * size > MOST_LISTED:
            return None
        repo = await self._permission.repo(slug)
        records = await self.state.ask(lambda store: store.newest(slug, page * size)) if repo else None
        if repo is None or not records or not _is_gapless(records, repo, page * size):
            return None
        builds = tuple(record.build for record in records)
        # One build in doubt is enough: Drone can only be asked for the whole page.
        if not all(record.build.repo_id == repo.id and self._is_current(record) for record in records):
            return None
        return Page(builds[(page - 1) * size :], at)

    async def learn_rows(self, slug: str, builds: Sequence[Build]) -> None:
        """Store a page that Drone has listed, if a receiver keeps the store up to date."""
        if await self.feed_is_alive():
            at = self._clock()
            await self.state.ask(
                lambda store: run_all(*(partial(store.apply, slug, build, source="api", at=at) for build in builds))
            )

    async def repo(self, slug: str) -> Repo | None:
        """Return a repository as it was at most a minute ago; None if our token may not read it."""
        return await self._permission.repo(slug)

    async def newest_builds(self, slug: str, most: int) -> tuple[Build, ...]:
        """List the newest builds, newest first, down to the first gap; () where Drone has to be asked.

        One that is not whole may have changed since (see `build`).
        """
        repo = await self.repo(slug) if self.state.shared else None
        if repo is None:
            return ()
        records = await self.state.ask(lambda store: store.newest(slug, most)) or ()
        builds = [record.build for record in records if record.build.repo_id == repo.id]
        # `counter` is the number of the newest build: the store does not have that one.
        if not builds or builds[0].number < repo.counter:
            return ()
        top = builds[0].number
        return tuple(build for index, build in enumerate(builds) if build.number == top - index)

    async def learn(self, slug: str, build: Build) -> Observation:
        """Store a build that Drone has answered. An unshared store keeps only what cannot become stale."""
        observing.set_source("drone")
        if self.state.shared or is_whole(build):
            await self.state.ask(lambda store: store.apply(slug, build, source="api", at=self._clock()))
            self._learned += 1
            if not self.state.shared and self._learned % LEARNED_BETWEEN == 0:
                await self.state.ask(lambda store: store.retain(builds_per_repo=KEPT_IN_MEMORY, newer_than=0))
        return Observation(build, "drone", self._clock())

    async def feed_is_alive(self) -> bool:
        """Return whether webhooks report every change of a running build to the store."""
        return await self._heard_at() is not None

    async def _heard_at(self) -> float | None:
        """Return the time up to which a live feed has reported every change; None without such a feed."""
        health = await self.state.ask(lambda store: store.health()) if self.state.shared else None
        if health is None:
            return None
        observing.feed(health.last_event or 0.0)
        return health.last_sign if health.is_alive(self._clock()) else None

    async def _is_fresh(self, record: Record) -> bool:
        """Return whether the stored build is current: a running one only for seconds, while the feed lives.

        A live feed alone is not enough: Drone never repeats a lost delivery, and that the receiver is gone shows only
        after minutes.
        """
        if is_whole(record.build):
            return True
        return not status.is_final(record.build.status) and self._is_current(record) and await self.feed_is_alive()

    def _is_current(self, record: Record) -> bool:
        """Return whether the status is final, or has been confirmed just now and would be reported if it changed."""
        from drone_mcp_state import lacks_details  # noqa: PLC0415 - on first use, to start fast

        build = record.build
        if status.is_final(build.status):
            return True
        # Drone sends no webhook when someone approves or declines a stage (harness/drone v2.25.0,
        # handler/api/repos/builds/stages/approve.go and decline.go). Stages that are unknown may wait for that.
        is_reported = not (status.blocked_stages(build) or lacks_details(build))
        # The receiver's clock may be a little ahead of ours.
        return is_reported and abs(self._clock() - record.seen_at) < RUNNING_SECONDS

    def _observe(self, record: Record, repo: Repo | None) -> Observation | None:
        """Return the record if the token may read its repository, and not one that had the name before it."""
        # A repository that was deleted and created again has another id, and others may read it.
        if repo is None or repo.id != record.build.repo_id:
            return None
        observing.set_source("store")
        return Observation(record.build, "store", record.seen_at)


def _is_gapless(records: Sequence[Record], repo: Repo, count: int) -> bool:
    """Return whether records, newest first, are the `count` newest builds of the repository, or all of them."""
    numbers = [record.build.number for record in records]
    newest, oldest = numbers[0], numbers[-1]
    # Fewer than `count` are all of them only if they reach back to the first build.
    return newest >= repo.counter and newest - oldest == len(numbers) - 1 and (len(numbers) == count or oldest == 1)


async def _newest(store: BuildStateStore, repo: Repo) -> Record | None:
    """Return the newest build of the default branch, if the store knows every later build of the repository."""
    found = await store.latest(repo.slug, repo.default_branch)
    if found is None or repo.counter - found.build.number > MOST_BETWEEN:
        return None
    for number in range(found.build.number + 1, repo.counter + 1):
        # A build that the store does not know may be a newer one of this branch.
        if await store.get(repo.slug, number) is None:
            return None
    return found


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
    """Asks Drone for repositories, and caches those that it shows, for a minute.

    The store is filled by receivers and readers with tokens of their own. Its content does not show who may read it, so
    it is returned only if Drone has just let our token read the repository.

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

"""The daemon's memory: services, what was seen of them, events, revisions, and the journal of operations."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import anyio

from ci_mcp_kit.background import BackgroundThread
from ci_mcp_kit.errors import ServiceFailed
from ci_mcp_kit.sqlite_file import describe, open_file
from drone_mcp_node_agent.registry import events, operations, services
from drone_mcp_node_agent.registry.migrations import RegistryTooNew, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from drone_mcp_node_agent.registry.records import OperationRecord, Phase, ServiceRecord
    from drone_mcp_nodes_api.wire import agent_pb2 as pb

P = ParamSpec("P")
T = TypeVar("T")


class Registry:
    """The registry's file, used by one thread. Every method is one transaction; open it with `Registry.open`."""

    def __init__(self, path: str, thread: BackgroundThread, connection: sqlite3.Connection) -> None:
        self._path = path
        self._thread = thread
        self._connection = connection
        self._news = anyio.Event()

    @classmethod
    async def open(cls, path: str) -> Registry:
        """Open the file, which is created for its owner alone if it is missing, and bring its tables up to date."""
        thread = BackgroundThread("registry")
        try:
            return cls(path, thread, await thread.run(_open_connection, path))
        except (sqlite3.Error, OSError, RegistryTooNew) as error:
            thread.end()
            raise ServiceFailed(describe(path, error), next_step="Check the file's folder, owner and disk") from error

    async def close(self) -> None:
        """Close the file after the last call."""
        await self._thread.run(self._connection.close)
        self._thread.end()

    async def _run(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            return await self._thread.run(function, self._connection, *args, **kwargs)
        except (sqlite3.Error, OSError) as error:
            raise ServiceFailed(
                describe(self._path, error), next_step="Check the disk and the owner of the file"
            ) from error

    # Services

    async def list_services(self) -> list[ServiceRecord]:
        """Return all services by name."""
        return await self._run(services.list_services)

    async def find_service(self, name: str) -> ServiceRecord | None:
        """Return one service."""
        return await self._run(services.find_service, name)

    async def put_spec(self, spec: pb.ServiceSpec) -> None:
        """Keep what is wanted of a service. What was seen of its components stays, and so does its revision."""
        await self._run(services.put_spec, spec)

    async def set_wanted(self, name: str, component: str, *, runs: bool) -> None:
        """Keep whether a service should run, with all its components, or one component of it."""
        await self._run(services.set_wanted, name, component, runs)

    async def remove_service(self, name: str) -> None:
        """Forget a service with its components, revisions and cooldowns; its events stay until they are pruned."""
        await self._run(services.remove_service, name)

    async def put_statuses(self, statuses: Mapping[str, Mapping[str, pb.ComponentStatus]]) -> None:
        """Keep how components were seen: service -> component -> status."""
        await self._run(services.put_statuses, statuses)

    async def list_unmanaged(self) -> list[pb.ComponentStatus]:
        """Return the containers that belong to no service, by name, as last seen."""
        return await self._run(services.list_unmanaged)

    async def put_unmanaged(self, statuses: Iterable[pb.ComponentStatus]) -> None:
        """Keep which containers belong to no service, instead of those kept before."""
        await self._run(services.put_unmanaged, list(statuses))

    # Events

    async def add_events(self, *new: pb.Event, counts: Sequence[int] = ()) -> None:
        """Keep events, whose ids are given here, and wake those who wait for news.

        Args:
            new: the events, in the order in which they happened.
            counts: how many occurrences each stands for, 1 if it is not said.
        """
        if new:
            await self._run(events.add_events, new, counts)
            self._news.set()
            self._news = anyio.Event()

    async def list_events(
        self, service: str = "", component: str = "", *, since: float = 0, after: int = 0, limit: int = 100
    ) -> list[pb.Event]:
        """Return events, newest first: of a service and a component if they are given, of all otherwise."""
        return await self._run(events.list_events, service, component, since=since, after=after, limit=limit)

    async def read_news(self, service: str = "", *, after: int, limit: int = 100) -> list[pb.Event]:
        """Return the events that follow an id, oldest first, and wait for one if there is none yet."""
        while True:
            news = self._news
            if found := await self._run(events.list_following, service, after, limit):
                return found
            await news.wait()

    async def latest_event_id(self) -> int:
        """Return the id of the newest event, 0 if there is none."""
        return await self._run(events.latest_id)

    async def count_events(self, service: str, component: str, kinds: Sequence[str], since: float) -> int:
        """Return how many occurrences the events of some kinds stand for since a time."""
        return await self._run(events.count_events, service, component, kinds, since)

    async def prune_events(self, before: float) -> int:
        """Remove the events and the ended operations from before a time; return the number of events."""
        return await self._run(events.prune, before)

    # Revisions

    async def list_revisions(self, service: str, limit: int = 20) -> list[pb.Revision]:
        """Return the revisions of a service, newest first."""
        return await self._run(services.list_revisions, service, limit)

    async def find_revision(self, service: str, number: int) -> pb.Revision | None:
        """Return one revision of a service."""
        return await self._run(services.find_revision, service, number)

    # Operations

    async def begin_operation(
        self, service: str, kind: str, by: str, journal: Mapping[str, object], idempotency_key: str = ""
    ) -> int:
        """Write an operation into the journal before it changes anything, and return its number."""
        return await self._run(operations.begin, service, kind, by, journal, idempotency_key or None, time.time())

    async def set_phase(self, operation: int, phase: Phase) -> None:
        """Write how far an operation has come, before it goes on."""
        await self._run(operations.set_phase, operation, phase)

    async def commit_deployment(
        self, operation: int, spec: pb.ServiceSpec, digests: Mapping[str, str], revision: pb.Revision
    ) -> None:
        """Put a deployment in force: its specification, digests and revision, and the operation's phase, at once.

        Args:
            operation: its number.
            spec: what is wanted of the whole service from now on.
            digests: component that was brought up -> digest of its image; those of other components stay.
            revision: what to keep as a revision; a number of 0 keeps none.
        """
        await self._run(operations.commit_deployment, operation, spec, digests, revision)

    async def add_revision(self, service: str, revision: pb.Revision) -> None:
        """Keep a revision that is not in force, such as one that failed."""
        await self._run(services.add_revision, service, revision)

    async def end_operation(self, operation: int, response: pb.DeployResponse | None = None) -> None:
        """Close an operation in the journal, with the answer for a caller that repeats its idempotency key."""
        await self._run(operations.end, operation, response, time.time())

    async def list_unended_operations(self) -> list[OperationRecord]:
        """Return the operations that a daemon has begun and not ended, oldest first."""
        return await self._run(operations.list_unended)

    async def find_operation(self, idempotency_key: str) -> OperationRecord | None:
        """Return the operation of an idempotency key."""
        return await self._run(operations.find_by_key, idempotency_key)

    # Alerts

    async def start_cooldown(self, service: str, component: str, kind: str, *, now: float, seconds: float) -> bool:
        """Begin a cooldown and return True, or return False while one runs: whoever gets True may send the alert."""
        return await self._run(events.start_cooldown, service, component, kind, now, now + seconds)


def _open_connection(path: str) -> sqlite3.Connection:
    connection = open_file(path)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # The journal must not lose its last entries in a power cut, and writes are few.
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
    except BaseException:
        with closing(connection):
            raise
    return connection

"""The servers that run in this process: one set for each role, and one for each caller with tokens of their own.

No two sets share anything: what one caller's server remembers can never reach another's. A set of a caller's own ends
when it has not been used for a while, or when others need its place. A set whose role has changed gets no more
requests, and ends when the last one is answered.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio import TASK_STATUS_IGNORED

from ci_mcp_kit.http_app import Refused, hosted
from ci_mcp_kit.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from anyio.abc import TaskGroup, TaskStatus
    from starlette.types import ASGIApp, Receive, Scope, Send

    from drone_mcp_config.roles.delegated_servers import RoleChoice
    from drone_mcp_config.serving.servers import HostedServer

MOST_USERS: Final = 64  # users with a set of their own: each costs memory, and connections to the services
MOST_SETS: Final = 4  # of one caller: any text can be sent as the token of a service, and each makes a set
IDLE_SECONDS: Final = 900.0  # 15 minutes, for an agent that thinks or waits between two calls


@dataclass(frozen=True)
class SetKey:
    """Names a set: that of a role, for the role's own users of its services or for the one who sends these tokens.

    Attributes:
        tokens: (token variable of a service, the caller's token) for each service of the role; empty: the role's own.
        caller: who sends these tokens.
    """

    role: RoleChoice
    tokens: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    caller: str = ""


@dataclass(eq=False)
class RunningSet:
    """A running set.

    Attributes:
        of_role: the servers of its role when it was started, without the tokens of a caller.
        replaced: whether it ends with its last request.
    """

    servers: Sequence[HostedServer]
    of_role: Sequence[HostedServer]
    used: float
    apps: dict[str, ASGIApp] = field(default_factory=dict)
    busy: int = 0
    replaced: bool = False
    ended: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.secrets = set[str]().union(*(server.secrets() for server in self.servers))
        self.token_files = set[Path]().union(*(server.token_files() for server in self.servers))

    def app(self, name: str, clock: Callable[[], float]) -> ASGIApp:
        """Return the application of a server, which counts its requests.

        Raises:
            Refused: the set has no such server.
        """
        inner = self.apps.get(name)
        if inner is None:
            raise Refused(404, f"Your role has no server {name}; it has {', '.join(self.apps)}")
        self.used = clock()
        self.busy += 1  # already now: nothing may end the set before the request is answered

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await inner(scope, receive, send)
            finally:
                self.busy -= 1
                self.used = clock()
                if self.replaced:
                    self.end_if_idle()

        return counted

    def end_if_idle(self) -> None:
        """End the set, unless it is answering a request."""
        if not self.busy:
            self.ended.set()


class Pool:
    """The running sets.

    Args:
        servers_of: returns the servers of a role.
        clock: gives seconds.
    """

    def __init__(
        self, servers_of: Callable[[RoleChoice], Sequence[HostedServer]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._servers_of = servers_of
        self._clock = clock
        self._sets: dict[SetKey, RunningSet] = {}
        self._replaced: list[RunningSet] = []  # until they have ended, no log line may hold their secrets
        self._lock = anyio.Lock()
        self._group: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the sets that `find` starts while the block runs."""
        async with anyio.create_task_group() as self._group:
            yield
            for one in (*self._sets.values(), *self._replaced):
                one.ended.set()

    async def find(self, key: SetKey, name: str) -> ASGIApp:
        """Return the application of a server of a set, which is started if it does not run.

        Raises:
            Refused: the set has no such server, or there are too many sets.
        """
        # The first requests of a caller may come together, and must not start two sets.
        async with self._lock:
            for used, one in self._users():
                if not one.busy and self._clock() - one.used > IDLE_SECONDS:
                    self._end(used)
            running = self._sets.get(key)
            if running is None or running.of_role != self._servers_of(key.role):
                running = await self._start(key)
            return running.app(name, self._clock)

    async def start(self, key: SetKey) -> None:
        """Start a set before its first request.

        Raises:
            UserError: a server's settings are wrong.
        """
        await self._start(key)

    def secrets(self) -> list[str]:
        """Return the secrets that no log line may hold."""
        running = [*self._sets.values(), *(one for one in self._replaced if not one.ended.is_set())]
        files = set[Path]().union(*(one.token_files for one in running))
        return [
            *set[str]().union(*(one.secrets for one in running)),
            *(token for file in files if (token := read_secret(file))),
        ]

    async def _start(self, key: SetKey) -> RunningSet:
        of_role = servers = self._servers_of(key.role)
        if key.tokens:
            if key not in self._sets:
                self._make_room(key.caller)
            servers = [server.owned_by(dict(key.tokens)) for server in servers]
        assert self._group is not None  # noqa: S101 - for the type checker; `find` belongs into `running`
        running = RunningSet(servers, of_role, self._clock())
        await self._group.start(_run, running)
        # A set whose role has changed ends with the requests that it is answering.
        self._replaced = [one for one in self._replaced if not one.ended.is_set()]
        before = self._sets.get(key)
        if before is not None:
            before.replaced = True
            self._replaced.append(before)
            before.end_if_idle()
        self._sets[key] = running
        return running

    def _make_room(self, caller: str) -> None:
        """End a set if there is none to spare: one of the caller, if it is the caller who has too many."""
        users = self._users()
        own = [pair for pair in users if pair[0].caller == caller]
        if len(own) >= MOST_SETS:
            self._end_one(
                own, Refused(429, f"{MOST_SETS} tokens of yours are in use; end a call", {"Retry-After": "30"})
            )
        elif len(users) >= MOST_USERS:
            # Not 429: it is none of this caller's doing.
            self._end_one(users, Refused(503, "Too many users are active here; try again later", {"Retry-After": "30"}))

    def _end_one(self, users: list[tuple[SetKey, RunningSet]], refusal: Refused) -> None:
        """End the set that has been idle for longest; raise `refusal` if all are at work."""
        idle = [(one.used, key) for key, one in users if not one.busy]
        if not idle:
            raise refusal
        self._end(min(idle, key=lambda pair: pair[0])[1])

    def _users(self) -> list[tuple[SetKey, RunningSet]]:
        return [(key, one) for key, one in self._sets.items() if key.tokens]

    def _end(self, key: SetKey) -> None:
        self._sets.pop(key).ended.set()


async def _run(running: RunningSet, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
    """Run a set until it is ended; in a task of its own, which has to close the cancel scopes that it opens."""
    async with AsyncExitStack() as stack:
        for server in running.servers:
            running.apps[server.name] = await stack.enter_async_context(hosted(server.make()))
        task_status.started()
        await running.ended.wait()

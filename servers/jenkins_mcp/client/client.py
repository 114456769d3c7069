"""The client of one Jenkins: sends calls within its scope, waits out its start, and finds jobs by what people write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio

from ci_mcp_http.transport import Clock, Transport
from ci_mcp_kit import logs, observing
from ci_mcp_kit.errors import AuthenticationFailed, NotFound, PermissionDenied
from jenkins_mcp.client import calls
from jenkins_mcp.client.names import JobName, build_path, guess_branches, parse_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_http.options import ClientOptions
    from ci_mcp_http.transport import Download
    from jenkins_mcp.client.models.jobs import Job

T = TypeVar("T")

JOB_IS_FRESH: Final = 5.0  # seconds: a burst of questions about a job reads its definition once
MOST_JOBS: Final = 200  # whose definitions are kept
# Seconds between attempts while Jenkins starts: right tokens were refused for up to eight seconds.
START_PAUSES: Final = (1.0, 2.0, 3.0, 4.0)


@dataclass
class KnownJob:
    """The definition of a job that was read at a moment of the monotonic clock; the lock is held while it is read."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    job: Job | None = None
    read_at: float = 0.0


class JenkinsClient:
    """Reads from one Jenkins as one user. A call that would change something is refused before it is sent.

    Args:
        options: where it is, and who asks.
        check_scope: raises where a call concerns a job out of scope.
        clock: time and chance.
    """

    def __init__(
        self, options: ClientOptions, check_scope: Callable[[Call[Any]], None], *, clock: Clock | None = None
    ) -> None:
        self._server = options.server
        self._check_scope = check_scope
        self._clock = clock or Clock()
        self._transport = Transport(options, gate=self._gate, clock=self._clock, watch=observing.request)
        self._jobs: dict[str, KnownJob] = {}

    async def send(self, call: Call[T]) -> T:
        """Send a call and return what its reader makes of the response.

        While Jenkins starts, it refuses right tokens for some seconds; then the call is sent again.

        Raises:
            ServiceError: the member of the family that fits.
        """
        for pause in START_PAUSES:
            try:
                return await self._transport.send(call)
            except AuthenticationFailed as error:
                # Without a status there is no usable token, and nothing was sent.
                if error.status is None or not await self._transport.send(calls.is_starting()):
                    raise
            await self._clock.sleep(pause)
        return await self._transport.send(call)

    async def download(self, call: Call[Any], download: Download[T]) -> T:
        """Send a call and return what `receive` makes of a success; the call's reader sees the others.

        Raises:
            ServiceError: the member of the family that fits.
        """
        return await self._transport.download(call, download)

    async def job(self, text: str) -> Job:
        """Return the job or folder that a text names, by its full name or the address of its page.

        A branch of a multibranch project may be written plainly, `team/app/feature/x`. The definition may be a few
        seconds old.

        Raises:
            NotFound: there is none.
        """
        name = parse_job(text)
        logs.add_facts(job=str(name))
        try:
            return await self._read_job(name)
        except NotFound as error:
            missing = error
        for branch in guess_branches(name):
            try:
                return await self._read_job(branch)
            except NotFound:
                continue
        raise missing

    def page(self, job: JobName, build: int | None = None) -> str:
        """Return the address of the page of a job or build, below the configured address."""
        return f"{self._server}{build_path(job, build) if build is not None else job.path}/"

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _read_job(self, name: JobName) -> Job:
        call = calls.get_job(name)
        # Before the cache, so that its answers are within the scope as well.
        self._check_scope(call)
        known = self._jobs.setdefault(str(name), KnownJob())
        async with known.lock:
            now = self._clock.monotonic()
            if known.job is None or now - known.read_at >= JOB_IS_FRESH:
                known.job, known.read_at = await self.send(call), now
            while len(self._jobs) > MOST_JOBS:
                del self._jobs[next(iter(self._jobs))]
            return known.job

    def _gate(self, call: Call[Any]) -> None:
        self._check_scope(call)
        # A question that is too long for an address is sent by POST, which its path shows to be one.
        reads = call.method in {"GET", "HEAD"} or (call.method == "POST" and call.path.endswith("/api/json"))
        if call.writes or not reads:
            raise PermissionDenied(
                f"{call.operation} would change something, and this client only reads",
                next_step="Use a tool that changes builds, if this role has one",
            )

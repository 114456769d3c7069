"""A client for one Drone server, with a method for each call of `calls`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_http.sse import SILENCE
from ci_mcp_http.transport import ServiceClient
from ci_mcp_kit.errors import Unreachable
from drone_mcp_client import calls
from drone_mcp_client.errors import DRONE
from drone_mcp_client.log_stream import LogTail
from drone_mcp_client.responses import is_end, read_event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
    from typing import Any

    from drone_mcp_client.models import (
        Build,
        Collaborator,
        Cron,
        IncompleteStage,
        Repo,
        Secret,
        ServerVersion,
        Stage,
        Statistics,
        Template,
        User,
    )
    from drone_mcp_client.steplog import StepLog

T = TypeVar("T")

# Seconds. The feed sends a ping every 30 (drone/drone v2.25.0, handler/api/events/global.go): three are missing.
FEED_SILENCE: Final = 90.0
# Seconds. A step may be silent for long, and one whose build was cancelled is so forever (see `LogTail`).
LOG_SILENCE: Final = 60.0


class DroneClient(ServiceClient):
    """A client for one Drone server over pooled connections; use it as `async with`, or call `aclose`.

    A repository is given as "owner/name". Every method raises a `ServiceError`; the function of the same name in
    `calls` says what the route does. Methods that start a build return None where Drone chose not to.
    """

    # The server and its user

    async def version(self) -> ServerVersion:
        """Read the version of Drone."""
        return await self.send(calls.version())

    async def user(self) -> User:
        """Read the user of the token: the only request that proves a token good."""
        return await self.send(calls.user())

    async def repos(self, *, latest: bool = False) -> tuple[Repo, ...]:
        """List all repositories of the user; `latest` adds the newest build of each."""
        return await self.send(calls.user_repos(latest=latest))

    async def user_builds(self) -> tuple[Repo, ...]:
        """List the 25 newest builds of the user's repositories."""
        return await self.send(calls.user_builds())

    # Repositories

    def all_repos(self, *, page_size: int = calls.LARGEST_PAGE) -> AsyncIterator[Repo]:
        """Yield every repository of the server, each once; for system administrators."""
        return self._pages(
            lambda page: self.send(calls.all_repos(page=page, per_page=page_size)), lambda repo: repo.id, page_size
        )

    async def repo(self, repo: str) -> Repo:
        """Read a repository."""
        return await self.send(calls.repo(repo))

    async def collaborators(self, repo: str) -> tuple[Collaborator, ...]:
        """List who may read, write and administer the repository."""
        return await self.send(calls.collaborators(repo))

    # Builds

    async def builds(
        self,
        repo: str,
        *,
        branch: str | None = None,
        tag: str | None = None,
        page_size: int = calls.LARGEST_PAGE,
        limit: int | None = None,
    ) -> AsyncIterator[Build]:
        """Yield builds from the newest on, at most `limit`.

        Each comes once, although pages shift when a build is added meanwhile.
        """
        size = page_size if limit is None else max(1, min(page_size, limit))
        left = limit
        if left == 0:
            return
        async for build in self._pages(
            lambda page: self.build_page(repo, page, size, branch=branch, tag=tag), lambda build: build.number, size
        ):
            yield build
            left = None if left is None else left - 1
            if left == 0:
                return

    async def build_page(
        self,
        repo: str,
        page: int = 1,
        per_page: int = calls.LARGEST_PAGE,
        *,
        branch: str | None = None,
        tag: str | None = None,
    ) -> tuple[Build, ...]:
        """List one page of builds, newest first, without stages."""
        return await self.send(calls.builds(repo, page=page, per_page=per_page, branch=branch, tag=tag))

    async def build(self, repo: str, number: int) -> Build:
        """Read a build with its stages and steps."""
        return await self.send(calls.build(repo, number))

    async def latest_build(self, repo: str, *, branch: str | None = None, ref: str | None = None) -> Build:
        """Read the newest build of a branch or ref, by default of the default branch, with stages and steps."""
        return await self.send(calls.latest_build(repo, branch=branch, ref=ref))

    async def branches(self, repo: str) -> tuple[Build, ...]:
        """List the last push build of each branch."""
        return await self.send(calls.branches(repo))

    async def pulls(self, repo: str) -> tuple[Build, ...]:
        """List the last build of each pull request."""
        return await self.send(calls.pulls(repo))

    async def deployments(self, repo: str) -> tuple[Build, ...]:
        """List the last promotion or rollback of each target."""
        return await self.send(calls.deployments(repo))

    async def create_build(
        self,
        repo: str,
        *,
        branch: str | None = None,
        commit: str | None = None,
        message: str | None = None,
        action: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Build | None:
        """Start a build."""
        call = calls.create_build(repo, branch=branch, commit=commit, message=message, action=action, params=params)
        return await self.send(call)

    async def restart_build(
        self, repo: str, number: int, *, debug: bool = False, params: Mapping[str, str] | None = None
    ) -> Build | None:
        """Build the same commit again, under a new number."""
        return await self.send(calls.restart_build(repo, number, debug=debug, params=params))

    async def cancel_build(self, repo: str, number: int) -> Build:
        """Stop a build."""
        return await self.send(calls.cancel_build(repo, number))

    async def promote(
        self, repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None
    ) -> Build | None:
        """Deploy a build to a target."""
        return await self.send(calls.promote(repo, number, target, params=params))

    async def rollback(
        self, repo: str, number: int, target: str, *, params: Mapping[str, str] | None = None
    ) -> Build | None:
        """Return a target to a build."""
        return await self.send(calls.rollback(repo, number, target, params=params))

    async def approve_stage(self, repo: str, number: int, stage: int) -> None:
        """Let a blocked stage run."""
        await self.send(calls.approve_stage(repo, number, stage))

    async def decline_stage(self, repo: str, number: int, stage: int) -> None:
        """Refuse a blocked stage, and with it the build."""
        await self.send(calls.decline_stage(repo, number, stage))

    async def decline_build(self, repo: str, number: int) -> None:
        """Refuse all stages of a build."""
        await self.send(calls.decline_build(repo, number))

    # Logs and streams

    async def log(self, repo: str, number: int, stage: int, step: int) -> StepLog:
        """Read the stored log of a step."""
        return await self.send(calls.log(repo, number, stage, step))

    def follow_log(self, repo: str, number: int, stage: int, step: int, *, quiet: float = LOG_SILENCE) -> LogTail:
        """Follow the log of a running step; `quiet` seconds of silence end it (see `LogTail`)."""
        call = calls.log_stream(repo, number, stage, step)
        return LogTail(call, self._transport.stream(call, silence=quiet))

    async def feed(self, repo: str | None = None) -> AsyncGenerator[Repo, None]:
        """Yield a repository whenever a build of it changes, until Drone ends the feed (after a day).

        Nothing is replayed, and Drone drops events silently when it is busy: what matters must be read again.
        Leave the loop by `aclose()` (`contextlib.aclosing`) to give the connection back at once.

        Raises:
            Unreachable: the connection broke, or was silent for so long that it must be dead.
        """
        call = calls.feed(repo)
        # Leaving `async for` early does not close the generator (PEP 525), which holds a connection.
        async with aclosing(self._transport.stream(call, silence=FEED_SILENCE)) as events:
            async for event in events:
                if event is SILENCE:
                    message = f"{call.subject} has been silent for {FEED_SILENCE:g} seconds, so it is dead"
                    raise Unreachable(message, service=DRONE)
                if is_end(event):
                    return
                yield read_event(call, event)
        # Drone announces the end of a feed (`is_end`), so something else cut this one off.
        raise Unreachable(f"The connection of {call.subject} ended", service=DRONE)

    # Administration of a repository

    async def sync_repos(self) -> None:
        """Fetch the user's repositories from the source host again."""
        await self.send(calls.sync_repos())

    async def enable_repo(self, repo: str) -> Repo:
        """Let Drone build the repository."""
        return await self.send(calls.enable_repo(repo))

    async def disable_repo(self, repo: str) -> Repo:
        """Stop building the repository."""
        return await self.send(calls.disable_repo(repo))

    async def update_repo(self, repo: str, changes: Mapping[str, Any]) -> Repo:
        """Change settings, by Drone's names."""
        return await self.send(calls.update_repo(repo, changes))

    async def crons(self, repo: str) -> tuple[Cron, ...]:
        """List the scheduled jobs of a repository."""
        return await self.send(calls.crons(repo))

    async def create_cron(self, repo: str, name: str, *, expr: str, branch: str) -> Cron:
        """Add a scheduled job."""
        return await self.send(calls.create_cron(repo, name, expr=expr, branch=branch))

    async def update_cron(
        self,
        repo: str,
        cron: str,
        *,
        branch: str | None = None,
        target: str | None = None,
        disabled: bool | None = None,
    ) -> Cron:
        """Change a scheduled job."""
        return await self.send(calls.update_cron(repo, cron, branch=branch, target=target, disabled=disabled))

    async def delete_cron(self, repo: str, cron: str) -> None:
        """Remove a scheduled job."""
        await self.send(calls.delete_cron(repo, cron))

    async def run_cron(self, repo: str, cron: str) -> Build | None:
        """Run a scheduled job now."""
        return await self.send(calls.run_cron(repo, cron))

    async def secrets(self, repo: str) -> tuple[Secret, ...]:
        """List the names of a repository's secrets."""
        return await self.send(calls.secrets(repo))

    # Administration of the server

    async def org_secrets(self, namespace: str) -> tuple[Secret, ...]:
        """List the names of a namespace's secrets."""
        return await self.send(calls.org_secrets(namespace))

    async def templates(self, namespace: str | None = None) -> tuple[Template, ...]:
        """List the templates of a namespace, or of the server."""
        return await self.send(calls.templates(namespace))

    async def users(self) -> tuple[User, ...]:
        """List all users; for system administrators, as is the rest."""
        return await self.send(calls.users())

    async def queue(self) -> tuple[Stage, ...]:
        """List the stages that run or wait for a runner."""
        return await self.send(calls.queue())

    async def pause_queue(self) -> None:
        """Stop giving work to runners."""
        await self.send(calls.pause_queue())

    async def resume_queue(self) -> None:
        """Give work to runners again."""
        await self.send(calls.resume_queue())

    async def incomplete(self) -> tuple[Repo, ...]:
        """List the 50 newest unfinished builds."""
        return await self.send(calls.incomplete())

    async def incomplete_stages(self) -> tuple[IncompleteStage, ...]:
        """List all stages that wait or run."""
        return await self.send(calls.incomplete_stages())

    async def stats(self) -> Statistics:
        """Read the counters of the server."""
        return await self.send(calls.stats())

    @staticmethod
    async def _pages(
        fetch: Callable[[int], Awaitable[tuple[T, ...]]], key: Callable[[T], int], size: int
    ) -> AsyncIterator[T]:
        """Yield the items of all pages, each once. Drone sends no total: a page that is not full is the last."""
        # A build that is added meanwhile moves the last one of this page to the next.
        seen: set[int] = set()
        page = 0
        while True:
            page += 1
            items = await fetch(page)
            for item in items:
                if key(item) not in seen:
                    seen.add(key(item))
                    yield item
            if len(items) < size:
                return

"""Watches the builds behind subscribed resources for changes."""

from __future__ import annotations

import logging
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from drone_mcp_build import state_cursor
from drone_mcp_builds.following import Follower, Subject
from drone_mcp_client.errors import InvalidInput, ServiceError
from drone_mcp_known.known import is_whole

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drone_mcp_builds.reading import ViewReader
    from drone_mcp_client.models import Build
    from drone_mcp_known.client_and_store import KnownAccess

logger = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 60.0  # between polls, as a subscription may last all day

_ADDRESS = re.compile(r"drone://repo/([^/]+)/([^/]+)/(?:latest|build/([1-9][0-9]{0,17})/summary)", re.ASCII)


class Watcher:
    """Watches the resources `latest` and `summary`."""

    def __init__(self, access: KnownAccess, reader: ViewReader, follower: Follower) -> None:
        self._access = access
        self._reader = reader
        self._follower = follower

    def subject(self, uri: str) -> Subject:
        """Read an address.

        Raises:
            InvalidInput: it is not one of these resources.
            PermissionDenied: its repository is out of scope.
        """
        found = _ADDRESS.fullmatch(uri)
        if found is None:
            raise InvalidInput(
                "There is nothing to subscribe to at that address",
                next_step="Subscribe to drone://repo/{owner}/{repo}/latest or …/build/{number}/summary",
            )
        owner, repo, number = found.groups()
        # Variables of a resource template are percent-encoded (RFC 6570, section 3.2.2).
        slug = self._access.resolve_repo(unquote(f"{owner}/{repo}"))
        return Subject(slug, int(number) if number else None, AGAIN_SECONDS)

    async def check(self, uri: str) -> None:
        """Check that the resource exists, as far as Drone answers: what does not exist never changes.

        Raises:
            ServiceError: it does not exist, or may not be read.
        """
        await self._state(self.subject(uri))

    async def changes(self, uri: str) -> AsyncGenerator[None, None]:
        """Yield whenever the resource has changed; end when it cannot change any more.

        Raises:
            ServiceError: it cannot be read, and the error is permanent.
        """
        from drone_mcp_state import merge  # noqa: PLC0415 - on first use, to start fast

        subject = self.subject(uri)
        last = await self._state(subject)
        async with aclosing(self._follower.follow(subject)) as events:
            async for build in events:
                if build is not None and subject.number:
                    now: Build | None = merge(last, build)
                else:
                    now = await self._state(subject) or last  # where it cannot be read, as it was
                if last is not None and _mark(subject, now) != _mark(subject, last):
                    yield
                last = now
                # `latest` never ends, as a newer build may come. A final status is not enough, see `Wait._observe`.
                if subject.number and now is not None and is_whole(now):
                    return

    async def _state(self, subject: Subject) -> Build | None:
        """Return the build of the resource; None while it cannot be read."""
        try:
            if subject.number:
                return (await self._reader.find(subject.repo, subject.number)).build
            return (await self._access.builds.newest(subject.repo)).build
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("A subscription goes on: %s", error)
            return None


def _mark(subject: Subject, build: Build | None) -> str:
    # With the number: the newest build of a branch may be another one now, in the same state.
    return "" if build is None else f"{build.number}.{state_cursor.encode(subject.repo, build)}"

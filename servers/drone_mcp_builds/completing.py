"""Completions for resources and prompts: owners, repositories and build numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from mcp.types import Completion

from drone_mcp_builds.prompts import PROMPT
from drone_mcp_builds.resources import LATEST, SUMMARY
from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_build.access import DroneAccess

FRESH_SECONDS: Final = 30.0  # a person types several letters in that time
MOST_KEPT: Final = 32  # lists
MOST_VALUES: Final = 100  # the limit of MCP (specification 2025-11-25, server/utilities/completion)


class Completer:
    """Answers `completion/complete`; an error of Drone gives an empty completion.

    `clock` is monotonic.
    """

    def __init__(self, access: DroneAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._kept: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def __call__(self, ref: Any, argument: Any, context: Any) -> Completion | None:
        """Return the values that the argument may have, given the arguments filled in before."""
        if getattr(ref, "uri", None) not in {LATEST, SUMMARY} and getattr(ref, "name", None) != PROMPT:
            return None
        known = dict(context.arguments or {}) if context else {}
        try:
            values = await self._values(argument.name, known, is_prompt=getattr(ref, "uri", None) is None)
        # A client asks while a person types; an error would interrupt them, and the call that follows shows it anyway.
        except ServiceError:
            values = ()
        typed = argument.value.lower()
        found = [value for value in values if value.lower().startswith(typed)]
        return Completion(values=found[:MOST_VALUES], total=len(found), has_more=len(found) > MOST_VALUES)

    async def _values(self, name: str, known: dict[str, str], *, is_prompt: bool) -> tuple[str, ...]:
        owner, repo = known.get("owner", ""), known.get("repo", "")
        if is_prompt:  # it takes owner and name in one argument, and has a default
            return await (self._numbers(repo) if name == "number" else self._slugs())
        if name == "number":
            return await self._numbers(f"{owner}/{repo}") if owner and repo else ()
        pairs = [slug.partition("/") for slug in await self._slugs()]
        if name == "owner":
            return tuple(dict.fromkeys(before for before, _, _ in pairs))
        return tuple(dict.fromkeys(after for before, _, after in pairs if name == "repo" and owner in {"", before}))

    async def _slugs(self) -> tuple[str, ...]:
        async def read() -> tuple[str, ...]:
            drone = await self._access.client()
            repos = self._access.scope.only(await drone.repos(), lambda repo: repo.slug)
            return tuple(sorted(repo.slug for repo in repos))

        return await self._fresh("", read)

    async def _numbers(self, repo: str) -> tuple[str, ...]:
        slug = self._access.resolve_repo(repo or None)

        async def read() -> tuple[str, ...]:
            drone = await self._access.client()
            return tuple(str(build.number) for build in await drone.build_page(slug, 1, MOST_VALUES))

        return await self._fresh(slug, read)

    async def _fresh(self, key: str, read: Callable[[], Awaitable[tuple[str, ...]]]) -> tuple[str, ...]:
        """Return the cached values, or read them where they are too old."""
        at, values = self._kept.get(key, (float("-inf"), ()))
        if self._clock() - at > FRESH_SECONDS:
            values = await read()
            # All at once: each list is stale after half a minute, and a person completes few repositories in that time.
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (self._clock(), values)
        return values

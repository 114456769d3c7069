"""Completions for resources and prompts: owners, repositories, build numbers, stages and steps."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.completing import MOST_VALUES, FreshLists, complete
from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.types import Completion

    from drone_mcp_client.models import Stage, Step
    from drone_mcp_known.client_and_store import KnownAccess

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")  # of a build, an int64


class Completer:
    """Answers `completion/complete`; an error of Drone gives an empty completion.

    `clock` is monotonic.
    """

    def __init__(self, access: KnownAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._lists = FreshLists(clock)

    async def __call__(self, ref: Any, argument: Any, context: Any) -> Completion | None:
        """Return the values that the argument may have, given the arguments filled in before."""
        known = dict(context.arguments or {}) if context else {}
        is_prompt = getattr(ref, "uri", None) is None
        try:
            values = await (self._of_prompt if is_prompt else self._of_address)(argument.name, known)
        # A client asks while a person types; an error would interrupt them, and the call that follows shows it anyway.
        except ServiceError:
            values = ()
        return complete(values, argument.value)

    async def _of_prompt(self, name: str, known: dict[str, str]) -> tuple[str, ...]:
        # Prompts take owner and name in one argument, which has a default.
        if name == "number":
            return await self.numbers(known.get("repo", ""))
        return await self.slugs() if name == "repo" else ()

    async def _of_address(self, name: str, known: dict[str, str]) -> tuple[str, ...]:
        owner, repo = known.get("owner", ""), known.get("repo", "")
        if name in {"owner", "repo"}:
            pairs = [slug.partition("/") for slug in await self.slugs()]
            if name == "owner":
                return tuple(dict.fromkeys(before for before, _, _ in pairs))
            return tuple(dict.fromkeys(after for before, _, after in pairs if owner in {"", before}))
        if not (owner and repo):
            return ()
        if name == "number":
            return await self.numbers(f"{owner}/{repo}")
        number, stage = known.get("number", ""), known.get("stage", "")
        if _NUMBER.fullmatch(number) and (name == "stage" or (name == "step" and stage)):
            return await self.parts(f"{owner}/{repo}", int(number), stage if name == "step" else None)
        return ()

    async def slugs(self) -> tuple[str, ...]:
        """Return the repositories in scope, as owner/name."""

        async def read() -> tuple[str, ...]:
            drone = await self._access.client()
            repos = self._access.scope.only(await drone.repos(), lambda repo: repo.slug)
            return tuple(sorted(repo.slug for repo in repos))

        return await self._lists.get("", read)

    async def numbers(self, repo: str) -> tuple[str, ...]:
        """Return the numbers of the newest builds of a repository, by default the one at hand."""
        slug = self._access.resolve_repo(repo or None)

        async def read() -> tuple[str, ...]:
            drone = await self._access.client()
            return tuple(str(build.number) for build in await drone.build_page(slug, 1, MOST_VALUES))

        return await self._lists.get(slug, read)

    async def parts(self, repo: str, number: int, stage: str | None) -> tuple[str, ...]:
        """Return the stages of a build, or the steps of the stage with that name or number."""
        slug = self._access.resolve_repo(repo or None)

        async def read() -> tuple[str, ...]:
            stages = (await self._access.builds.build(slug, number)).build.stages
            if stage is None:
                return _labels(stages)
            # A number stands for that stage, even where another one has it for its name; of namesakes the first counts.
            labelled = {one.name: one for one in reversed(stages)} | {str(one.number): one for one in stages}
            return _labels(labelled[stage].steps) if stage in labelled else ()

        return await self._lists.get(f"{slug}/{number}/{stage or ''}", read)


def _labels(parts: Sequence[Stage] | Sequence[Step]) -> tuple[str, ...]:
    """Return the names that stand for one part alone, then the numbers, which are always unambiguous."""
    names = Counter(part.name for part in parts)
    numbers = [str(part.number) for part in parts]
    return (*(name for name, count in names.items() if name and count == 1 and name not in numbers), *numbers)

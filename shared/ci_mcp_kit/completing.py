"""Completions of arguments: the values that fit what a person has typed, and lists that are kept while they type."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mcp.types import Completion

FRESH_SECONDS: Final = 30.0  # a person types several letters in that time
MOST_KEPT: Final = 32  # lists
MOST_VALUES: Final = 100
"""The limit of MCP (specification 2025-11-25, server/utilities/completion)."""


def complete(values: Sequence[str], typed: str) -> Completion:
    """Return the values that begin with the typed text, in any case."""
    from mcp.types import Completion  # noqa: PLC0415 - `drone-mcp` completes without the SDK, which is slow to load

    found = [value for value in values if value.casefold().startswith(typed.casefold())]
    return Completion(values=found[:MOST_VALUES], total=len(found), has_more=len(found) > MOST_VALUES)


class FreshLists:
    """Lists that are read again when they are half a minute old; `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, tuple[str, ...]]] = {}

    async def get(self, key: str, read: Callable[[], Awaitable[tuple[str, ...]]]) -> tuple[str, ...]:
        """Return the list that is kept under a key, or read it where that is too old."""
        at, values = self._kept.get(key, (float("-inf"), ()))
        if self._clock() - at > FRESH_SECONDS:
            values = await read()
            # All at once: each list is stale after half a minute, and a person completes few names in that time.
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (self._clock(), values)
        return values

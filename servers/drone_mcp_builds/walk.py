"""Searches the pages of a repository's builds, newest first, within a budget of requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_builds import cursor
from drone_mcp_builds.formatting import format_count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_builds.cursor import Position
    from drone_mcp_client.models import Build

    ReadPage = Callable[[int, int], Awaitable[tuple[Build, ...]]]

MOST_PAGES: Final = 5  # of at most 100 builds: one request each, if the store does not have them


@dataclass(frozen=True, slots=True)
class WalkResult:
    """The result of a walk.

    Attributes:
        builds: the matching ones, newest first, each with the position behind it.
        count: the number of builds searched, from `newest` down to `oldest`.
        position: the place to continue; None if the oldest build was reached.
    """

    builds: tuple[tuple[Build, Position], ...]
    count: int
    newest: int
    oldest: int
    position: Position | None


async def walk_pages(read: ReadPage, wanted: Callable[[Build], bool], start: Position, limit: int) -> WalkResult:
    """Search from `start` for `limit` builds, with at most MOST_PAGES requests."""
    found: list[tuple[Build, Position]] = []
    numbers: list[int] = []
    position: Position | None = start
    for _ in range(MOST_PAGES):
        if position is None or len(found) == limit:
            break
        page = await read(position.page, position.size)
        position = _look(page, wanted, position, limit, found, numbers)
    newest, oldest = (numbers[0], numbers[-1]) if numbers else (0, 0)
    return WalkResult(tuple(found), len(numbers), newest, oldest, position)


def _look(
    page: tuple[Build, ...],
    wanted: Callable[[Build], bool],
    position: Position,
    limit: int,
    found: list[tuple[Build, Position]],
    numbers: list[int],
) -> Position | None:
    """Search one page, add to `found` and `numbers`, and return the next position; None behind the oldest build."""
    before = position.before
    for build in page:
        if build.number >= before:  # new builds have shifted the pages: it was on the previous page
            continue
        before = build.number
        numbers.append(before)
        if wanted(build):
            found.append((build, cursor.Position(position.page, position.size, before)))
            # After the last build of a page, the next position is on the next page, which is returned below.
            if len(found) == limit and build is not page[-1]:
                return found[-1][1]
    # Drone sends neither a total nor a link to the next page: a page that is not full is the last.
    return cursor.Position(position.page + 1, position.size, before) if len(page) >= position.size else None


def describe_walk(found: WalkResult, whole: bool) -> str:
    """Say which builds were searched; `whole` if the walk began at the newest."""
    if not found.count:
        return "no builds: there are none" + ("" if whole else " older than those before")
    if whole and found.position is None:
        return f"all {format_count(found.count, 'build')}"
    part = "the newest " if whole else ""
    return f"{part}{format_count(found.count, 'build')}, numbers {found.newest} to {found.oldest}"

"""Finds the newest build of each agent's pull request or branch in Drone: one request for each repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import ServiceError
from drone_mcp_client.status import is_failure
from fleet_mcp.rules.links import find_newest_build

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from fleet_mcp.rules.links import Link

MOST_REPOS: Final = 10  # that one answer asks about
PAGE: Final = 100  # builds of a repository, the newest


async def find_builds(drone: DroneClient | None, links: Iterable[Link | None]) -> tuple[dict[Link, Build], list[str]]:
    """Return the newest build of each link that has one, and what could not be asked, a sentence each."""
    wanted = {link for link in links if link is not None}
    repos = sorted({link.repo for link in wanted})
    if drone is None or not repos:
        return {}, []
    pages: dict[str, tuple[Build, ...]] = {}
    notes: list[str] = []

    async def ask(repo: str) -> None:
        try:
            pages[repo] = await drone.build_page(repo, 1, PAGE)
        except ServiceError as error:
            # The list is about agents, and it is right without their builds.
            notes.append(f"The builds of {repo} are not known: {error.message}")

    await for_each(repos[:MOST_REPOS], ask)
    if len(repos) > MOST_REPOS:
        notes.append(
            f"Builds were looked up in {MOST_REPOS} of {len(repos)} repositories: filter by project for others"
        )
    found = {link: find_newest_build(link, pages.get(link.repo, ())) for link in wanted}
    return {link: build for link, build in found.items() if build is not None}, notes


def describe_build(build: Build | None) -> str:
    """Return a build for a reader, like "build 12 failure", "" for none; red ones are marked."""
    if build is None:
        return ""
    return f"{'RED ' if is_failure(build.status) else ''}build {build.number} {build.status}"

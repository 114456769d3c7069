"""Finds builds of a job by their result, parameters, causes, commits and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.builds.answer import COMMIT, WIDTH
from jenkins_mcp.builds.views import FoundBuild, FoundBuilds
from jenkins_mcp.client.calls import search_builds
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.formatting import format_time, whole_seconds, write_value

if TYPE_CHECKING:
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.names import JobName

PAGE: Final = 50  # builds of one request
MOST_SEARCHED: Final = 500  # builds of one call; those far back are slow in Jenkins
MOST_CAUSES: Final = 2
SHORTEST_COMMIT: Final = 7  # characters of a hash


@dataclass(frozen=True, kw_only=True)
class BuildFilter:
    """The criteria for a build; "" and None match all.

    Attributes:
        result: as Jenkins writes it.
        parameter: NAME=value.
        cause: a part of why it was started, in any case.
        commit: the beginning of a hash.
        since: the time in milliseconds before which it must not have started.
    """

    result: str = ""
    parameter: str = ""
    cause: str = ""
    commit: str = ""
    since: int | None = None

    def __post_init__(self) -> None:
        if self.parameter and not self.parameter.partition("=")[1]:
            raise InvalidInput("A parameter to search for has the form NAME=value", service=JENKINS)
        if self.commit and len(self.commit) < SHORTEST_COMMIT:
            raise InvalidInput(f"A commit takes {SHORTEST_COMMIT} characters of its hash or more", service=JENKINS)

    def takes(self, build: Build) -> bool:
        """Return whether a build is like that."""
        name, _, value = self.parameter.partition("=")
        given = build.parameters().get(name)
        causes = (cause.short_description.casefold() for cause in build.causes())
        return (
            (not self.result or (build.is_over and build.result == self.result))
            and (not name or (given is not None and given.value is not None and write_value(given.value) == value))
            and (not self.cause or any(self.cause.casefold() in cause for cause in causes))
            and (not self.commit or any(commit.startswith(self.commit.lower()) for commit in build.commits()))
        )

    def is_before(self, build: Build) -> bool:
        """Return whether a build, and so every older one, started too long ago."""
        return self.since is not None and build.timestamp < self.since


def read_time(text: str) -> int | None:
    """Return a time in milliseconds since 1970, None for "".

    Raises:
        InvalidInput: it is no ISO 8601 time.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "since is a time like 2026-05-01T08:00:00Z or a day like 2026-05-01, in UTC", service=JENKINS
        ) from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


async def find_builds(
    client: JenkinsClient, job: JobName, wanted: BuildFilter, *, start: int, limit: int
) -> FoundBuilds:
    """Look through the builds of a job, page by page, until there are enough."""
    found: list[Build] = []
    place, next_start = start, None
    while next_start is None:
        page = (await client.send(search_builds(job, place, PAGE + 1))).all_builds
        for index, build in enumerate(page[:PAGE]):
            if len(found) == limit:
                next_start = place + index
                break
            if wanted.is_before(build):
                return _describe(job, found, place + index - start, None)
            if wanted.takes(build):
                found.append(build)
        else:
            place += len(page[:PAGE])
            if len(page) <= PAGE:
                return _describe(job, found, place - start, None)
            if place - start >= MOST_SEARCHED:
                next_start = place
    return _describe(job, found, next_start - start, next_start)


def _describe(job: JobName, found: list[Build], searched: int, next_start: int | None) -> FoundBuilds:
    return FoundBuilds(
        job=str(job),
        builds=tuple(map(_describe_build, found)),
        searched=searched,
        next_start=next_start,
        next_step=f"Call again with start {next_start} to look at older builds" if next_start is not None else "",
    )


def _describe_build(build: Build) -> FoundBuild:
    commits = [action.last_built_revision.sha1 for action in build.actions if action.last_built_revision]
    commits += [change.commit_id for change in build.changes()]
    return FoundBuild(
        number=build.number,
        result=build.result,
        running=None if build.is_over else True,
        name=one_line(build.display_name, WIDTH) if build.display_name != f"#{build.number}" else "",
        started=format_time(build.timestamp),
        seconds=whole_seconds(build.duration) if build.is_over else None,
        causes=tuple(one_line(cause.short_description, WIDTH) for cause in build.causes()[:MOST_CAUSES]),
        commit=commits[0][:COMMIT] if commits else "",
    )

"""Lists the jobs of a folder, page by page, and of the folders in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from jenkins_mcp.client.calls import list_jobs
from jenkins_mcp.client.names import JobName, job_of
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.jobs.answer import describe_line
from jenkins_mcp.jobs.views import JobList

if TYPE_CHECKING:
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.jobs import Job
    from jenkins_mcp.scope import JobScope

PAGE: Final = 100  # jobs of one request
MOST_REQUESTS: Final = 20  # of one call
MOST_FOLDERS: Final = 20  # that an answer names as not descended into


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """Which jobs to list; `start` is the place in the folder at which to begin."""

    folder: JobName
    glob: str = ""
    recursive: bool = False
    start: int = 0
    limit: int = 50

    def takes(self, job: Job) -> bool:
        """Return whether the glob matches a job: its full name if the glob has a slash, else its own names."""
        glob = self.glob.casefold()
        names = [job.full_name] if "/" in glob else [job.name, job.display_name]
        return not glob or any(fnmatchcase(name.casefold(), glob) for name in names)


@dataclass
class JobWalk:
    """A walk through a folder and, if asked for, the folders in it, breadth first."""

    client: JenkinsClient
    scope: JobScope
    request: ListRequest
    found: list[Job] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        # Folders that are left to read, each from a place on.
        self.left = deque([(self.request.folder, self.request.start)])

    async def run(self) -> None:
        """Read pages until there are enough jobs, or no more folders or requests."""
        while self.left and len(self.found) < self.request.limit and self.requests < MOST_REQUESTS:
            folder, start = self.left.popleft()
            jobs, has_more = await self._read_page(folder, start)
            for index, job in enumerate(jobs):
                if len(self.found) == self.request.limit:
                    self.left.appendleft((folder, start + index))
                    break
                if self.scope.shows(job.full_name, is_container=job.is_container) and self.request.takes(job):
                    self.found.append(job)
                if self.request.recursive and job.is_container and self.scope.may_contain(job.full_name):
                    self.left.append((job_of(job.full_name), 0))
            else:
                if has_more:
                    self.left.appendleft((folder, start + len(jobs)))

    async def _read_page(self, folder: JobName, start: int) -> tuple[list[Job], bool]:
        self.requests += 1
        is_filtered = bool(self.request.glob or self.request.recursive or self.scope.globs)
        size = PAGE if is_filtered else self.request.limit
        # One more than a page, as Jenkins says nowhere how many there are.
        answer = await self.client.send(list_jobs(folder, start, size + 1))
        if answer.jobs is None:
            raise InvalidInput(
                f"{folder} is a job and has no jobs in it",
                next_step="Give a folder or a multibranch project; without one, the jobs at the top are listed",
                service=JENKINS,
            )
        return list(answer.jobs[:size]), len(answer.jobs) > size


def describe(walk: JobWalk) -> JobList:
    """Return the answer of a walk that has ended."""
    request, left = walk.request, list(walk.left)
    # Of the folder itself the list goes on by a number, of those in it by their names.
    next_start = left.pop(0)[1] if left and left[0][0] == request.folder else None
    named = [f"{folder} (from {start})" if start else str(folder) for folder, start in left]
    unnamed = len(named) - MOST_FOLDERS
    steps = [f"Call again with start {next_start} for more" if next_start is not None else ""]
    steps.append("list a folder of not_descended by its name" if named else "")
    return JobList(
        folder=str(request.folder),
        jobs=tuple(map(describe_line, walk.found)),
        next_start=next_start,
        not_descended=tuple(named[:MOST_FOLDERS]),
        left_out=f"{unnamed} more folders were not descended into" if unnamed > 0 else "",
        next_step="; ".join(step for step in steps if step),
    )

"""The history of an agent's tasks, read from its builds. Pure.

Each start build is a run: its metadata shows the task. What came of a run is in the metadata of the next build, into
which this server copies the agent's last report. Builds are listed newest first and counted without gaps, so that a
place in the list follows from two numbers, and builds that are added meanwhile neither hide a run nor show one twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from fleet_mcp.rules.contract import CREATED, Contract, read_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from coder_client.models import Build

RUNS: Final = 20  # of a page
CONTEXT: Final = 5  # builds that are read again with the next page: the outcome of a run is in a later build
BUILDS: Final = 2 * RUNS + CONTEXT  # of a request: between two runs there is often a stop

_CURSOR: Final = re.compile(r"([\w.-]{1,64}/[\w-]{1,32}):([0-9a-f-]{36}):([1-9]\d{0,8}):([1-9]\d{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place at which a history goes on.

    Attributes:
        agent: "owner/name".
        workspace: its id, as a name may be used again.
        before: the number of the build before which runs are still to be shown.
        newest: the number of the newest build when the page was read.
    """

    agent: str
    workspace: str
    before: int
    newest: int

    @property
    def offset(self) -> int:
        """How many builds to pass over, so that the answer begins a little before the place."""
        return max(0, self.newest - self.before - CONTEXT + 1)

    def __str__(self) -> str:
        return f"{self.agent}:{self.workspace}:{self.before}:{self.newest}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor.

        Raises:
            InvalidInput: it is none.
        """
        match = _CURSOR.fullmatch(text)
        if match is None or int(match[3]) > int(match[4]):
            raise InvalidInput("That is no cursor of a history", next_step="Pass on next_cursor as it was given")
        return cls(match[1], match[2], int(match[3]), int(match[4]))


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an agent: the build that gave it a task, and what came of it.

    Attributes:
        failed: the error of the build, where it did not start the agent.
        state, message, pull_request: the outcome; "" where no build has recorded one.
        is_newest: whether it is the run of the newest build that starts the agent.
        is_unchanged: whether the recorded outcome is the one of the run before, word for word. A build that was made
            without this server carries it on.
    """

    number: int
    started: datetime
    ended: datetime | None
    task: str
    failed: str = ""
    state: str = ""
    message: str = ""
    pull_request: str = ""
    is_newest: bool = False
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of runs, newest first. `before` and `newest` are those of the next page's cursor, None at the end."""

    runs: tuple[Run, ...]
    before: int | None
    newest: int


def read_page(contract: Contract, builds: Sequence[Build], offset: int, before: int | None) -> Page | None:
    """Return the runs in an answer to a request for builds.

    Args:
        contract: with the templates.
        builds: newest first, as they came.
        offset: that was asked for.
        before: runs of this build and later ones have been shown; None for the first page.

    Returns:
        None where so many builds were added that the answer ends before the place: ask again from a larger offset.
    """
    if not builds:
        return Page((), None, offset)
    newest, oldest = builds[0].build_number + offset, builds[-1].build_number
    wanted = [build for build in builds if before is None or build.build_number < before]
    if not wanted and oldest > 1:
        return None
    starts = [build for build in wanted if build.transition == "start"]
    shown = starts[:RUNS]
    runs = tuple(_read_run(contract, build, builds, is_first=offset == 0) for build in shown)
    last = shown[-1].build_number if len(starts) > RUNS else oldest
    return Page(runs, last if last > 1 else None, newest)


def _read_run(contract: Contract, build: Build, builds: Sequence[Build], *, is_first: bool) -> Run:
    own = read_assignment(contract, build)
    later = [other for other in builds if other.build_number > build.build_number]
    # The first later build that shows anything: one that failed early and a deletion do not.
    shown = (read_assignment(contract, other) for other in reversed(later))
    recorded = next((one for one in shown if one.project), None)
    is_newest = is_first and not any(other.transition == "start" for other in later)
    ended = later[-1].created_at if later else None
    run = Run(build.build_number, build.created_at, ended, own.task, is_newest=is_newest)
    if build.job.status in {"failed", "canceled"}:
        return replace(run, failed=build.job.error or f"the build was {build.job.status}")
    if recorded is None or recorded.last_state in {"", CREATED}:
        return run
    was = (recorded.last_state, recorded.last_message)
    return replace(
        run,
        state=recorded.last_state,
        message=recorded.last_message,
        pull_request=recorded.pull_request,
        is_unchanged=was == (own.last_state, own.last_message),
    )

"""The answers about builds. Empty fields are left out."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View
from jenkins_mcp.queue_and_nodes.views import QueueLine  # noqa: TC001 - pydantic reads the annotation


class ChangeLine(View):
    """A commit that was new in a build."""

    commit: str = ""
    title: str = ""
    author: str = ""


class StageLine(View):
    """A stage of a pipeline."""

    name: str
    status: str
    seconds: int | None = None
    error: str = ""


class TestCounts(View):
    """The numbers of a build's test report."""

    __test__ = False  # for pytest

    failed: int
    skipped: int
    total: int


class FoundBuild(View):
    """A build that a search found; `seconds` is missing while it runs."""

    number: int
    result: str = ""
    running: bool | None = None
    name: str = ""
    started: str | None = None
    seconds: int | None = None
    causes: tuple[str, ...] = ()
    commit: str = ""


class FoundBuilds(View):
    """The builds that match, the newest first; `searched` counts those that were looked at."""

    brief = True

    job: str
    builds: tuple[FoundBuild, ...]
    searched: int
    next_start: int | None = None
    next_step: str = ""


class BuildView(View):
    """A build. `result` is missing until it is known."""

    brief = True

    job: str
    number: int
    result: str = ""
    running: bool
    name: str = ""
    started: str | None = None
    seconds: int
    remaining_seconds: int | None = None
    overdue_seconds: int | None = None
    progress_percent: int | None = None
    node: str = ""
    causes: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    parameters: dict[str, str] = Field(default_factory=dict)
    hidden_parameters: tuple[str, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    stages: tuple[StageLine, ...] = ()
    tests: TestCounts | None = None
    description: str = ""
    page: str
    left_out: str = ""
    next_step: str = ""


class WaitView(View):
    """How a queue item or build stands after a wait."""

    brief = True

    finished: bool
    item: QueueLine | None = None
    build: BuildView | None = None
    note: str = ""
    next_step: str = ""

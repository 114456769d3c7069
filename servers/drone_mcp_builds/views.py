"""The answers of this server's tools. Empty fields are left out."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View


class LatestBuild(View):
    """A repository's newest build, of whatever branch or event."""

    number: int
    status: str
    event: str = ""
    branch: str = ""
    tag: str | None = None
    title: str = ""
    when: str | None = None


class RepoLine(View):
    """A repository, as a list shows it."""

    repo: str
    default_branch: str = ""
    visibility: str = ""
    inactive: bool | None = None
    latest: LatestBuild | None = None


class RepoList(View):
    """Repositories, those with the newest builds first."""

    repos: tuple[RepoLine, ...]
    total: int
    left_out: str = ""
    note: str = ""
    next_step: str = ""


class BuildLine(View):
    """A build, as a list shows it: enough to choose one."""

    number: int
    status: str
    event: str = ""
    branch: str = ""
    pull_request: int | None = None
    source: str = ""
    tag: str | None = None
    title: str = ""
    author: str = ""
    commit: str = ""
    when: str | None = None
    seconds: int | None = None


class BuildList(View):
    """Builds of one repository, newest first."""

    repo: str
    builds: tuple[BuildLine, ...]
    looked_at: str = ""
    left_out: str = ""
    cursor: str | None = None
    source: str = ""
    as_of: str | None = None
    next_step: str = ""


class StepView(View):
    """One step of a stage."""

    step: int
    name: str
    status: str
    exit_code: int | None = None
    seconds: int | None = None
    error: str = ""
    note: str = ""


class StageView(View):
    """One stage (pipeline) of a build with its steps."""

    stage: int
    name: str
    status: str
    seconds: int | None = None
    error: str = ""
    waits_for: tuple[str, ...] = ()
    note: str = ""
    steps: tuple[StepView, ...] = ()
    folded: str = ""


class FirstFailure(View):
    """The failure that came first."""

    stage: int
    stage_name: str
    step: int | None = None
    step_name: str | None = None
    exit_code: int | None = None
    error: str = ""


class BuildView(View):
    """A build and its stages and steps."""

    repo: str
    number: int
    status: str
    headline: str
    first_failure: FirstFailure | None = None
    stages: tuple[StageView, ...] = ()
    left_out: str = ""
    event: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str | None = None
    commit: str = ""
    title: str = ""
    author: str = ""
    created: str | None = None
    started: str | None = None
    finished: str | None = None
    seconds: int | None = None
    about: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict)
    page: str
    source: str = ""
    as_of: str | None = None
    note: str = ""
    next_step: str = ""


class WaitView(View):
    """The result of a wait."""

    finished: bool
    changes: tuple[str, ...] = ()
    cursor: str
    build: BuildView = Field(description="as drone_get_build")
    note: str = ""
    next_step: str = ""

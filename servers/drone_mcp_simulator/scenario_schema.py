"""The schema of a scenario file; `scenario_loading.load` turns it into a world.

Times are seconds, or words such as `90s`, `2h`, `-3d`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _parse_seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", str(value).strip())
    if not match:
        raise ValueError("a time is a number of seconds or a number with ms, s, m, h or d, such as -2h")
    return float(match[1]) * UNITS[match[2]]


def _to_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_parse_seconds)]
Words = Annotated[list[str], BeforeValidator(_to_list)]
Slug = Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")]
Access = Literal["read", "write", "admin"]
Condition = Literal["success", "failure"]
Conditions = Annotated[
    list[Condition], BeforeValidator(lambda value: ["success", "failure"] if value == "always" else _to_list(value))
]
Event = Literal["push", "pull_request", "tag", "custom", "cron"]


class Part(BaseModel):
    """Base class of every part of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Log(Part):
    """The source of a step's log, exactly one key; plain text in the scenario is short for `text`."""

    text: str | None = None
    file: str | None = Field(default=None, description="a path relative to the scenario file")
    package: str | None = Field(default=None, description="a log shipped with the simulator, such as angular")
    blob: str | None = Field(default=None, description="stored as it is, instead of a log array: null, or nothing")
    writes: list[str] | None = Field(default=None, description="what the step writes at once, such as \\r and progress")
    repeat: int | None = Field(default=None, ge=1, description="this many numbered lines of about 107 bytes")

    @model_validator(mode="after")
    def _check_one_source(self) -> Log:
        if len(self.model_fields_set) != 1:
            raise ValueError("a log has exactly one of text, file, package, blob, writes and repeat")
        return self


class StepPart(Part):
    """One step."""

    name: str
    duration: Seconds = Field(default=1.0, ge=0)
    exit_code: int = 0
    error: str = Field(default="", description="the runner's own failure; status error, exit code 255")
    when: Conditions = ["success"]
    failure: Literal["fail", "ignore"] = "fail"
    depends_on: Words = []
    image: str = ""
    detached: bool = Field(default=False, description="a service: the stage does not wait for it")
    log: Log | None = None

    @model_validator(mode="before")
    @classmethod
    def _expand_short_forms(cls, data: Any) -> Any:
        """Accept a string as a step's name, and a string as its log."""
        if isinstance(data, str):
            return {"name": data}
        if isinstance(data, dict) and isinstance(data.get("log"), str):
            return {**data, "log": {"text": data["log"]}}
        return data


class StagePart(Part):
    """One pipeline document."""

    name: str = "default"
    kind: str = Field(default="pipeline", description="no runner takes a stage of another kind")
    type: Literal["docker", "exec", "kubernetes", "ssh"] = "docker"
    platform: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] = "linux/amd64"
    depends_on: Words = []
    when: Conditions = ["success"]
    events: list[str] = []
    clone: bool = True
    limit: int = Field(default=0, ge=0, description="how many stages of this name may run at once; 0: any number")
    lost: bool = Field(default=False, description="the runner that takes this stage is never heard of again")
    steps: list[StepPart]


class PipelinePart(Part):
    """A configuration: `stages`, a single stage's `steps`, an `error`, `skip` (no match) or `missing` (no file)."""

    stages: list[StagePart] = []
    steps: list[StepPart] = []
    type: Literal["docker", "exec", "kubernetes", "ssh"] = "docker"
    clone: bool = True
    error: str = ""
    skip: bool = False
    missing: bool = False

    @model_validator(mode="before")
    @classmethod
    def _expand_short_form(cls, data: Any) -> Any:
        return {"stages": data} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _check_one_outcome(self) -> PipelinePart:
        outcomes = [self.stages, self.steps, self.error, self.skip, self.missing]
        if sum(map(bool, outcomes)) != 1:
            raise ValueError("a pipeline has exactly one of stages, steps, error, skip and missing")
        return self


Files = dict[str, str | None]
"""Path -> text; null deletes a file."""


class BranchPart(Part):
    """The head of a branch."""

    files: Files = {}
    commit: str = ""
    message: str = ""
    author: str = ""
    author_name: str = ""
    author_email: str = ""
    author_avatar: str = ""
    pipeline: str | PipelinePart


class LabelPart(Part):
    """A label at the forge."""

    name: str
    color: str = "ee0701"
    description: str = ""
    exclusive: bool = False


class ProtectionPart(Part):
    """A rule for a branch at the forge."""

    branch: str
    approvals: int = Field(default=0, ge=0)
    contexts: list[str] | None = Field(default=None, description="the statuses that have to succeed")


class CommentPart(Part):
    """A comment."""

    author: str
    body: str


class IssuePart(Part):
    """An issue at the forge."""

    title: str
    author: str
    body: str = ""
    labels: list[str] = []
    assignees: list[str] = []
    comments: list[CommentPart] = []
    closed: bool = False


class PullPart(Part):
    """A pull request at the forge."""

    number: int = Field(ge=1)
    head: str
    title: str
    author: str
    base: str = ""
    body: str = ""
    labels: list[str] = []
    assignees: list[str] = []
    comments: list[CommentPart] = []


class ForgePart(Part):
    """The content of a repository at the forge besides its commits."""

    description: str = ""
    archived: bool = False
    renamed_to: str = Field(default="", description="its name there, of which Drone does not know yet")
    labels: list[LabelPart] = []
    milestones: list[str] = []
    protections: list[ProtectionPart] = []
    pulls: list[PullPart] = []
    issues: list[IssuePart] = []


class ForgeTokenPart(Part):
    """An access token at the forge."""

    name: str
    user: str
    token: str = ""
    scopes: list[str] = ["all"]


class UserPart(Part):
    """One user."""

    login: str
    token: str = ""
    admin: bool = False
    machine: bool = False
    active: bool = True
    email: str = ""
    avatar: str = ""


class RepoPart(Part):
    """One repository."""

    slug: Slug
    visibility: Literal["public", "private", "internal"] = "public"
    protected: bool = False
    trusted: bool = False
    active: bool = True
    timeout: int = Field(default=60, ge=1, description="minutes after which the runner kills a stage")
    synced: bool = Field(default=True, description="false: known to the host alone until someone syncs")
    owner: str = Field(default="", description="default: the first user with admin permission")
    default_branch: str = "main"
    permissions: dict[str, Access] = {}
    branches: dict[str, BranchPart] = {}
    forge: ForgePart = ForgePart()


class BuildPart(Part):
    """A build triggered at a time, by default by a push."""

    repo: Slug
    at: Seconds = 0.0
    branch: str = ""
    event: Event = "push"
    pipeline: str | PipelinePart | None = Field(default=None, description="this commit's own; default: the branch's")
    commit: str = ""
    message: str | None = None
    title: str = ""
    author: str = ""
    sender: str = ""
    pull: int = Field(default=0, ge=0)
    source: str = Field(default="", description="the branch of a pull request; default: the sender, or topic")
    files: Files = Field(default={}, description="what this commit changes")
    tag: str = ""
    cron: str = ""
    params: dict[str, str] = {}


class OnBuild(Part):
    """A user's action on a build."""

    repo: Slug
    build: int = Field(ge=1)
    user: str = ""


class OnStage(OnBuild):
    """A user's action on one stage of a build, or on all."""

    stage: int | None = Field(default=None, ge=1)


class OnDeploy(OnBuild):
    """A promotion or a rollback."""

    target: str


class TimelineEntry(Part):
    """One entry of the timeline: a time and exactly one event."""

    at: Seconds
    build: BuildPart | None = None
    cancel: OnBuild | None = None
    approve: OnStage | None = None
    decline: OnStage | None = None
    restart: OnBuild | None = None
    promote: OnDeploy | None = None
    rollback: OnDeploy | None = None
    fault: dict[str, Any] | None = None
    heal: bool = False

    @model_validator(mode="after")
    def _check_one_event(self) -> TimelineEntry:
        if len(self.model_fields_set) != 2:  # noqa: PLR2004 - the time and the event
            raise ValueError("an entry has `at` and exactly one thing that happens")
        return self

    def actions(self) -> list[BuildPart | OnBuild]:
        """Return the actions of this entry on a repository or build."""
        parts = (self.build, self.cancel, self.approve, self.decline, self.restart, self.promote, self.rollback)
        return [part for part in parts if part]


class RunnerPart(Part):
    """The runner."""

    name: str = "runner-1"
    platforms: list[str] = ["linux/amd64"]
    pickup: Seconds = 1.0
    grace: Seconds = 0.5
    reports_cancel_first: bool = Field(default=False, description="a cancelled step has the runner's exit code, 137")


class PlacePart(Part):
    """The addresses the server writes into its answers."""

    host: str = "127.0.0.1:8080"
    scm_url: str = "http://scm.invalid"
    scm_ssh: str = "git@scm.invalid"
    commit_link: str = ""


class ScenarioFile(Part):
    """A whole scenario."""

    name: str = ""
    description: str = ""
    place: PlacePart = PlacePart()
    runner: RunnerPart = RunnerPart()
    hook_signatures: bool = False
    users: list[UserPart] = Field(min_length=1)
    forge_tokens: list[ForgeTokenPart] = Field(default=[], description="besides one of each user, with all scopes")
    repos: list[RepoPart] = []
    pipelines: dict[str, PipelinePart] = {}
    builds: list[BuildPart] = []
    timeline: list[TimelineEntry] = []
    faults: list[dict[str, Any]] = []

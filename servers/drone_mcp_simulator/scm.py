"""The source code host behind Drone: repositories, commits and the pipelines of their `.drone.yml`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from drone_mcp_simulator.runner_log import Output

# The log of the clone step, which the docker runner adds unless the pipeline disables it.
CLONE_LOG = (
    "Initialized empty Git repository in /drone/src/.git/\n"
    "+ git fetch origin +{ref}:\n"
    "From {link}\n"
    " * branch            {branch} -> FETCH_HEAD\n"
    "+ git checkout {sha} -b {branch}\n"
    "Switched to a new branch '{branch}'\n"
)


@dataclass(frozen=True)
class StepDefinition:
    """One step: its duration in seconds, its result and its output."""

    name: str
    duration: float = 1.0
    exit_code: int = 0
    error: str = ""  # of the runner itself: status `error`, exit code 255
    when: tuple[str, ...] = ("success",)
    ignore_failure: bool = False
    depends_on: tuple[str, ...] = ()
    image: str = ""
    detached: bool = False
    output: Output = field(default_factory=Output)


@dataclass(frozen=True)
class StageDefinition:
    """One pipeline document: its requirements and its steps."""

    name: str
    steps: tuple[StepDefinition, ...]
    kind: str = "pipeline"
    type: str = "docker"
    platform: str = "linux/amd64"
    depends_on: tuple[str, ...] = ()
    when: tuple[str, ...] = ("success",)
    events: tuple[str, ...] = ()  # empty: all
    clone: bool = True
    limit: int = 0
    lost: bool = False  # the runner that takes the stage is never heard of again

    def runs_on(self, event: str) -> bool:
        """Return whether the trigger of this pipeline matches."""
        return not self.events or event in self.events


@dataclass(frozen=True)
class Pipeline:
    """The evaluated configuration of a commit: stages (possibly empty), an error, or a missing file."""

    stages: tuple[StageDefinition, ...] = ()
    error: str = ""
    missing: bool = False


@dataclass(frozen=True)
class Commit:
    """A commit as the host's API describes it."""

    sha: str
    message: str
    pipeline: Pipeline
    author_login: str = ""
    author_name: str = ""
    author_email: str = ""
    author_avatar: str = ""
    link: str = ""


@dataclass
class ScmRepo:
    """A repository at the host; `access` maps a login to read, write or admin."""

    uid: str
    slug: str
    private: bool = False
    default_branch: str = "main"
    access: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    def push(self, branch: str, commit: Commit) -> None:
        """Make `commit` the head of `branch`."""
        self.commits[commit.sha] = commit
        self.heads[branch] = commit.sha

    def head(self, branch: str) -> Commit | None:
        """Return the newest commit of a branch."""
        sha = self.heads.get(branch)
        return self.commits[sha] if sha else None


def sha_for(*parts: object) -> str:
    """Return a made-up commit id that depends on the parts only."""
    return hashlib.sha1("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()

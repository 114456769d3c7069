"""The source code host behind Drone: repositories, commits and the pipelines their `.drone.yml` would give."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from drone_mcp_simulator.output import Output

# What the docker runner puts before the first step of a stage unless the pipeline switches it off.
CLONE_LOG = (
    "Initialized empty Git repository in /drone/src/.git/\n"
    "+ git fetch origin +{ref}:\n"
    "From {link}\n"
    " * branch            {branch} -> FETCH_HEAD\n"
    "+ git checkout {sha} -b {branch}\n"
    "Switched to a new branch '{branch}'\n"
)


@dataclass(frozen=True)
class StepPlan:
    """One step: how long it takes (seconds), how it ends and what it prints."""

    name: str
    duration: float = 1.0
    exit_code: int = 0
    error: str = ""  # set: the runner itself failed, status `error` and exit code 255
    when: tuple[str, ...] = ("success",)
    ignore_failure: bool = False
    depends_on: tuple[str, ...] = ()
    image: str = ""
    output: Output = field(default_factory=Output)


@dataclass(frozen=True)
class StagePlan:
    """One pipeline document: what it needs to be run and its steps."""

    name: str
    steps: tuple[StepPlan, ...]
    type: str = "docker"
    platform: str = "linux/amd64"
    depends_on: tuple[str, ...] = ()
    when: tuple[str, ...] = ("success",)
    events: tuple[str, ...] = ()  # empty: all
    clone: bool = True

    def runs_on(self, event: str) -> bool:
        """Does the trigger of this pipeline match?"""
        return not self.events or event in self.events


@dataclass(frozen=True)
class Pipeline:
    """What a commit's configuration comes to: stages, an error, nothing that matches, or no file at all."""

    stages: tuple[StagePlan, ...] = ()
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
        """The newest commit of a branch."""
        sha = self.heads.get(branch)
        return self.commits[sha] if sha else None


def sha_for(*parts: object) -> str:
    """Some commit id, always the same for the same words."""
    return hashlib.sha1("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()

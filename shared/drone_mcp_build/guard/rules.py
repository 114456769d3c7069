"""Who may do what: the decision on one action. Pure.

Whatever no rule allows is refused: an empty list of repositories is no repository, and so on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from ci_mcp_kit.errors import PermissionDenied
from drone_mcp_build.guard.errors import WritesDisabled
from drone_mcp_build.guard.operations import OPERATIONS, Operation, Risk
from drone_mcp_build.guard.rate import Rate
from drone_mcp_build.scope import RepoScope
from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_http.call import Call
    from drone_mcp_client.models import Build

Mode = Literal["off", "dry-run", "on"]
TEN_AN_HOUR = Rate(10, 3600)
DEPLOYMENTS = frozenset({"promote", "rollback"})


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What one process may change.

    Attributes:
        operations: names of those it may use.
        repos: globs; none: no repository.
        branches: globs of branches whose builds may be touched; one that begins with `!` takes away.
        targets: globs of environments whose promotions and rollbacks may be touched; none: no deployment.
        unapproved: whether a build that nobody approved may be restarted on a protected repository.
        confirm: the lowest risk that takes a confirmation; the highest always does.
        rate: how many actions a repository gets from this process.
    """

    mode: Mode = "off"
    operations: frozenset[str] = frozenset(OPERATIONS)
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ("*",)
    targets: tuple[str, ...] = ()
    unapproved: bool = False
    confirm: Risk = Risk.MEDIUM
    rate: Rate = TEN_AN_HOUR


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to do to one build, as it was read.

    Attributes:
        stages: numbers of those it concerns; none: the build.
        unapproved: whether it would run what waits for an approval or never had one.
        details: what else makes it this action and no other.
    """

    operation: Operation
    repo: str
    build: Build
    stages: tuple[int, ...] = ()
    unapproved: bool = False
    details: tuple[tuple[str, str], ...] = ()

    @property
    def risk(self) -> Risk:
        """The operation's, and the highest where an approval is passed by."""
        return Risk.HIGH if self.unapproved else self.operation.risk

    @property
    def fingerprint(self) -> str:
        """A short word for this action on the build in this very version."""
        held = [(stage.number, stage.version) for stage in blocked_stages(self.build)]
        facts: list[Any] = [self.operation.name, self.repo, self.build.number, self.build.version, self.build.status]
        facts += [held, self.stages, self.unapproved, self.details]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    def covers(self, call: Call[Any]) -> bool:
        """Whether the call does this to this build, and nothing else."""
        from drone_mcp_client.call_builders import repo_path  # noqa: PLC0415 - on first use, to start fast

        path = repo_path(self.repo, "builds", self.build.number)[1]
        is_there = call.path == path or call.path.startswith(f"{path}/")
        return is_there and call.writes and (call.operation, call.scope) == (self.operation.call, self.repo)


@dataclass(frozen=True, slots=True)
class Decision:
    """An action that is allowed: in which mode, by which rule, and whether someone has to confirm it."""

    mode: Mode
    rule: str
    confirm: bool


def admit(rules: Rules, operation: Operation, repo: str) -> None:
    """Raise where this process may not do such a thing in that repository, whatever the build is."""
    if rules.mode == "off":
        raise WritesDisabled(f"Changes are off here, so {operation.name} is refused", details={"rule": "mode"})
    if operation.name not in rules.operations:
        raise _refused("operations", f"This role may not {operation.name} builds", "DRONE_MCP_ACTION_OPERATIONS")
    if not (rules.repos and RepoScope(rules.repos).sees(repo)):
        raise _refused("repos", f"This role may change nothing in {repo}", "DRONE_MCP_ACTION_REPOS")


def decide(rules: Rules, action: Action) -> Decision:
    """Allow the action or raise; the error's `details.rule` names the rule that refused it."""
    admit(rules, action.operation, action.repo)
    build, branch = action.build, branch_of(action.build)
    if not matches(rules.branches, branch):
        raise _refused("branches", f"This role may not touch builds of {branch!r}", "DRONE_MCP_ACTION_BRANCHES")
    if build.event in DEPLOYMENTS and not matches(rules.targets, build.deploy_to):
        message = f"This role may not touch deployments to {build.deploy_to!r}"
        raise _refused("targets", message, "DRONE_MCP_ACTION_TARGETS")
    if action.unapproved and not rules.unapproved:
        message = f"{action.repo} is protected, and this would run build {build.number} although nobody approved it"
        raise _refused("unapproved", message, "DRONE_MCP_ACTION_UNAPPROVED")
    return Decision(rules.mode, "allowed", confirm=action.risk >= min(rules.confirm, Risk.HIGH))


def branch_of(build: Build) -> str:
    """The branch that was built, or that a pull request goes to; of a tag the whole ref, so that no branch is meant."""
    if build.event == "tag" or build.ref.startswith("refs/tags/"):
        return build.ref
    return build.target or build.ref.removeprefix("refs/heads/")


def matches(globs: Iterable[str], name: str) -> bool:
    """Whether one of `globs` matches, and none that begins with `!`. Here `*` matches slashes, too."""
    every = tuple(globs)
    denied = any(fnmatchcase(name, glob[1:]) for glob in every if glob.startswith("!"))
    allowed = any(fnmatchcase(name, glob) for glob in every if not glob.startswith("!"))
    return bool(name) and allowed and not denied


def _refused(rule: str, message: str, variable: str) -> PermissionDenied:
    next_step = f"Leave it, or ask whoever runs this server: {variable} decides"
    return PermissionDenied(message, next_step=next_step, details={"rule": rule})

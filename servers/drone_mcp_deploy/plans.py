"""Plans a deployment in the current state of its target. Pure.

Drone's rules are in harness/drone v2.25.0, handler/api/repos/builds: promote.go and rollback.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.guard.change import Plan
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions
from drone_mcp_build.approval import was_approved
from drone_mcp_build.build_names import SHORT_COMMIT, clean_name, describe_origin, name_build
from drone_mcp_build.deployments import find_source, is_in_place, name_commits
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.refs import branch_of
from drone_mcp_client import calls
from drone_mcp_client.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build, Repo


@dataclass(frozen=True, kw_only=True)
class DeployPlan(Plan[BuildAction]):
    """A plan, with the commits that the target gets and loses by it."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The question that a person is asked, with the commits."""
        added = [f"It brings {commit}" for commit in self.added]
        return "\n".join([super().question, *added, *(f"It takes away {commit}" for commit in self.removed)])


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What was read before a deployment is planned.

    Attributes:
        current: the newest deployment of the target, if there is one.
        builds: the newest builds, newest first.
        at: the Unix time.
    """

    repo: Repo
    target: str
    current: Build | None
    builds: Sequence[Build]
    at: float


def plan_promotion(
    now: Situation, build: Build, additions: Additions = NOTHING_ADDED, *, again: bool = False
) -> DeployPlan:
    """Deploy a build to a target; nothing to do where its commit runs there already, unless `again`."""
    repo, target, current = now.repo.slug, now.target, now.current
    action = _make_action("promote", now, build, additions)
    if current is not None and is_in_place(current, build.after) and not again:
        nothing = (
            f"'{clean_name(target)}' has commit {clean_name(build.after)[:SHORT_COMMIT]} by deployment "
            f"{current.number}, which is {clean_name(current.status)}; nothing was sent. To deploy it again, say so "
            "with again"
        )
        return DeployPlan(action=action, effect="", nothing=nothing)
    added, removed = _compare(now, build)
    notes = _note_target(now)
    if build.status != "success":
        notes.append(f"Build {build.number} is {clean_name(build.status)}, not green")
    if build.event == "pull_request":
        notes.append("It is the build of a pull request: its commit may never be merged")
    return DeployPlan(
        action=action,
        calls=(calls.promote(repo, build.number, target, params=dict(additions.params)),),
        effect=f"promote {name_build(repo, build)} ({describe_origin(repo, build)}) to '{clean_name(target)}'",
        notes=tuple(notes),
        added=added,
        removed=removed,
    )


def plan_rollback(now: Situation, good: Build) -> DeployPlan:
    """Return a target to an earlier deployment, with that deployment's parameters."""
    repo, target = now.repo.slug, now.target
    added, removed = _compare(now, good)
    return DeployPlan(
        action=_make_action("rollback", now, good, NOTHING_ADDED),
        calls=(calls.rollback(repo, good.number, target),),
        effect=f"roll back '{clean_name(target)}' of {repo} to deployment {good.number} "
        f"({describe_origin(repo, good)})",
        notes=tuple(_note_target(now)),
        added=added,
        removed=removed,
    )


def check_same_branch(now: Situation, build: Build) -> None:
    """Check that an update stays on the branch that runs in the target.

    Raises:
        InvalidInput: the build is of another branch.
        NotFound: nothing runs there.
    """
    if now.current is None:
        raise NotFound(
            f"Nothing has been deployed to {clean_name(now.target)!r}",
            next_step="Name the build in drone_create_deployment",
        )
    if branch_of(build) != branch_of(now.current):
        raise InvalidInput(
            f"Build {build.number} is of branch {clean_name(branch_of(build))!r}, and {clean_name(now.target)!r} runs "
            f"{clean_name(branch_of(now.current))!r}",
            next_step="Name a build of the same branch, or change the branch with drone_create_deployment",
        )


def _make_action(name: str, now: Situation, build: Build, additions: Additions) -> BuildAction:
    return BuildAction(
        operation=OPERATIONS[name],
        repo=now.repo.slug,
        build=build,
        newest=now.repo.counter,
        # Drone holds only builds that a webhook of the source host started (harness/drone v2.25.0, trigger/trigger.go).
        unapproved=now.repo.protected and not was_approved(build),
        additions=additions,
        params=(("target", now.target),),
        at=now.at,
    )


def _compare(now: Situation, build: Build) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the commits that the target gets and loses, as far as builds of the branch show them."""
    current, branch = now.current, branch_of(build)
    if current is None or branch_of(current) != branch:
        return (), ()
    every = (build, *now.builds)
    old = find_source(current, every)
    new = build.number if build.event not in {"promote", "rollback"} else find_source(build, every)
    return name_commits(branch, now.builds, old, new), name_commits(branch, now.builds, new, old)


def _note_target(now: Situation) -> list[str]:
    current = now.current
    if current is None:
        return ["Nothing has been deployed there before"]
    commit, status = clean_name(current.after)[:SHORT_COMMIT], clean_name(current.status)
    notes = [f"The newest deployment there is {current.number}, commit {commit}, which is {status}"]
    if status in {"pending", "running"}:
        notes.append("It has not ended; both would run side by side")
    return notes

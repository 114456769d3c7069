"""Plans a deployment in the current state of its target. Pure.

Drone's rules are in harness/drone v2.25.0, handler/api/repos/builds: promote.go and rollback.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.change import Plan
from drone_mcp_build.build_wording import SHORT_COMMIT, clean_name, describe_origin, name_build
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.past_approval import was_approved
from drone_mcp_build.refs import branch_of, pull_request_of
from drone_mcp_client import calls
from drone_mcp_client.errors import InvalidInput
from drone_mcp_deployments.action import DeployAction
from drone_mcp_deployments.history import find_source, is_in_place, name_commits
from drone_mcp_deployments.preview_names import is_preview, name_target
from drone_mcp_deployments.previews import deployed_branch, is_stop, preview_branch, read_previews

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_http.call import Params
    from drone_mcp_client.models import Build, Repo
    from drone_mcp_deployments.previews import Preview


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
        newest: the newest deployment of each target.
        builds: the newest builds, newest first.
        stop: the parameter that stops a preview, and its value.
        at: the Unix time.
    """

    repo: Repo
    target: str
    newest: Sequence[Build]
    builds: Sequence[Build]
    stop: tuple[str, str]
    at: float

    @property
    def current(self) -> Build | None:
        """The newest deployment of the target, if there is one."""
        return next((build for build in self.newest if build.deploy_to == self.target), None)

    @property
    def running(self) -> Build | None:
        """The same, where it does not stop a preview."""
        current = self.current
        return current if current is not None and not is_stop(current, self.stop) else None

    @property
    def open_previews(self) -> tuple[Preview, ...]:
        """The open previews of the repository."""
        return tuple(preview for preview in read_previews(self.newest, self.stop) if preview.is_open)


def plan_promotion(
    now: Situation, build: Build, additions: Additions = NOTHING_ADDED, *, again: bool = False
) -> DeployPlan:
    """Deploy a build to a target; nothing to do where its commit runs there already, unless `again`."""
    _check_preview(now, build)
    repo, target, current = now.repo.slug, now.target, now.running
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
        replaces=_replaced_state(now, action),
        added=added,
        removed=removed,
    )


def plan_rollback(now: Situation, good: Build) -> DeployPlan:
    """Return a target to an earlier deployment, with that deployment's parameters."""
    _check_preview(now, good)
    repo, target = now.repo.slug, now.target
    action = _make_action("rollback", now, good)
    added, removed = _compare(now, good)
    return DeployPlan(
        action=action,
        calls=(calls.rollback(repo, good.number, target),),
        effect=f"roll back '{clean_name(target)}' of {repo} to deployment {good.number} "
        f"({describe_origin(repo, good)})",
        notes=tuple(_note_target(now)),
        replaces=_replaced_state(now, action),
        added=added,
        removed=removed,
    )


def plan_stop(now: Situation, current: Build, preview: Preview) -> DeployPlan:
    """Stop a preview by a promotion of its newest deployment (`current`), with the parameter that stops it."""
    repo, target = now.repo.slug, now.target
    action = _make_action("stop-preview", now, current, own=(now.stop,))
    if not preview.is_open:
        nothing = f"The preview '{target}' is {preview.state} by deployment {current.number}; nothing was sent"
        return DeployPlan(action=action, effect="", nothing=nothing)
    return DeployPlan(
        action=action,
        calls=(calls.promote(repo, current.number, target, params=dict([now.stop])),),
        effect=f"stop the preview '{target}' of branch '{clean_name(preview.branch)}' in {repo}",
        notes=tuple(_note_target(now)),
        replaces=_replaced_state(now, action),
    )


def name_preview(repo: Repo, build: Build, previews: Sequence[Preview]) -> str:
    """Return the target of the preview of a build's branch; `previews` are those that are open.

    Raises:
        NotFound: the build is of no branch of the repository, or of its default branch.
    """
    branch = preview_branch(build)
    reason = ""
    if pull_request_of(build) is not None and build.source_repo != repo.slug:
        reason = "the pull request of a fork"
    elif not branch:
        reason = "no branch"
    elif branch == repo.default_branch:
        reason = "the default branch"
    if reason:
        raise NotFound(
            f"There is no preview for build {build.number}: it is of {reason}, and previews are for the other branches "
            f"of {repo.slug}",
            next_step="Name a target, or the build of another branch",
        )
    return name_target(branch, {preview.target: preview.branch for preview in previews})


def _check_preview(now: Situation, build: Build) -> None:
    """Check that a build goes to the preview of its own branch, if the target is a preview's.

    Raises:
        InvalidInput: it does not.
        NotFound: its branch has none.
    """
    if not is_preview(now.target):
        return
    own = name_preview(now.repo, build, now.open_previews)
    if now.target != own:
        raise InvalidInput(
            f"{clean_name(now.target)!r} is not the preview of branch {clean_name(preview_branch(build))!r}, which is "
            f"{own!r}",
            next_step="Leave target out: a build without one goes to the preview of its branch",
        )
    if build.params.get(now.stop[0]) == now.stop[1]:
        raise InvalidInput(
            f"Build {build.number} stops the preview, so deploying it would not open one",
            next_step=f"Deploy build {find_source(build, (build, *now.builds))}, from which the preview was made",
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
            next_step="Create the deployment from a build that you name",
        )
    wanted, runs = (deployed_branch(now.target, one) for one in (build, now.current))
    if wanted != runs:
        raise InvalidInput(
            f"Build {build.number} is of branch {clean_name(wanted)!r}, and {clean_name(now.target)!r} runs "
            f"{clean_name(runs)!r}",
            next_step="Name a build of the same branch, or create a deployment of the other branch",
        )


def _make_action(
    name: str, now: Situation, build: Build, additions: Additions = NOTHING_ADDED, own: Params = ()
) -> DeployAction:
    others = [preview for preview in now.open_previews if preview.target != now.target]
    opens = name != "stop-preview" and is_preview(now.target) and len(others) == len(now.open_previews)
    return DeployAction(
        operation=OPERATIONS[name],
        repo=now.repo.slug,
        build=build,
        newest=now.repo.counter,
        # Drone holds only builds that a webhook of the source host started (harness/drone v2.25.0, trigger/trigger.go).
        unapproved=now.repo.protected and not was_approved(build),
        additions=additions,
        params=(("target", now.target), *own),
        at=now.at,
        replaces=now.current.number if now.current else 0,
        previews=len(others) + 1 if opens else 0,
    )


def _replaced_state(now: Situation, action: DeployAction) -> tuple[Any, ...]:
    """Return the state of which only one call may make the next: of a target, or of all previews of a repository.

    Otherwise two calls could each open the last preview that a limit allows, or give two branches the same target.
    """
    if not action.previews:
        return action.target, action.replaces
    stops = [one.deployment.number for one in read_previews(now.newest, now.stop) if one.stops]
    return "previews", [preview.target for preview in now.open_previews], max(stops, default=0)


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
    if now.running is None:
        notes = [f"Its preview was stopped by deployment {current.number}, which is {status}"]
    if status in {"pending", "running"}:
        notes.append("It has not ended; both would run side by side")
    return notes

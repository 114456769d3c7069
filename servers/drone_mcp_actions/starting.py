"""Starts a build of a branch: the plan, the search for one whose answer was lost, and the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.change import Change, Plan, Sent
from drone_mcp_actions.views import StartView
from drone_mcp_build.build_wording import SHORT_COMMIT, clean_name
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.guard.new_build_answer import (
    STEP_WHERE_SKIPPED,
    describe_new_build,
    explain_failed_start,
    find_only_build,
    note_found,
)
from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_build.guard.trigger_heartbeat import reporting
from drone_mcp_client import calls
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.models import Build

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_actions.views import StartOutcome
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.trigger_heartbeat import Report
    from drone_mcp_client.models import Repo

HEADS: Final = "refs/heads/"
LOOKED_THROUGH: Final = 25  # builds, from the newest on, for one whose answer was lost

StartPlan = Plan[BuildAction]


@dataclass(frozen=True, kw_only=True)
class StartChange(Change[BuildAction, StartView]):
    """One call that starts a build.

    Attributes:
        branch: to build; "" for the repository's default branch.
        commit: to build as one of the branch; "" for the newest.
    """

    spec: ClassVar[GuardSpec] = BUILD_GUARD

    name: str = "start"
    access: DroneAccess = field(repr=False)
    clock: Callable[[], float] = field(repr=False)
    report: Report = field(repr=False)
    repo: str
    branch: str = ""
    commit: str = ""
    additions: Additions = NOTHING_ADDED

    @property
    @override
    def scope(self) -> str:
        return self.repo

    @property
    @override
    def subject(self) -> str:
        return f"A new build of {self.branch or 'the default branch'}"

    @property
    @override
    def view(self) -> type[StartView]:
        return StartView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.repo, self.branch, self.commit

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.additions.params,)

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"branch": self.branch, "commit": self.commit}

    @override
    async def plan(self) -> StartPlan:
        drone = await self.access.client()
        return plan_start(await drone.repo(self.repo), self.branch, self.commit, self.additions, self.clock())

    @override
    async def find_effect(self, plan: StartPlan, index: int) -> Sent | None:
        action, drone = plan.action, await self.access.client()
        wanted = dict(action.additions.params).items()
        made = [
            build
            async for build in drone.builds(self.repo, limit=LOOKED_THROUGH)
            if build.number > action.newest
            and (build.event, build.ref) == ("custom", action.build.ref)
            and build.after.startswith(self.commit)
            # Drone stores a build whose pipeline file is wrong without its parameters (trigger/trigger.go).
            and (wanted <= build.params.items() or build.status == "error")
        ]
        return find_only_build(made)

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return reporting(self.report)

    @override
    def describe(self, plan: StartPlan, outcome: StartOutcome, message: str, **fields: Any) -> StartView:
        return make_view(plan, outcome, message, **fields)

    @override
    async def describe_done(self, plan: StartPlan, sent: Sent) -> StartView:
        return report_start(plan, sent)


def plan_start(repo: Repo, branch: str, commit: str, additions: Additions, at: float) -> StartPlan:
    """Plan a build of a branch.

    Raises:
        InvalidInput: the branch is the name of another kind of ref.
    """
    name = (branch or repo.default_branch).removeprefix(HEADS)
    # Drone keeps a full ref as it is (handler/api/repos/builds/create.go), so a tag could pass for a branch.
    if name.startswith("refs/"):
        raise InvalidInput(f"{clean_name(name)} is no branch", next_step="Call again with the name of a branch")
    call = calls.create_build(repo.slug, branch=name, commit=commit or None, params=dict(additions.params))
    action = BuildAction(
        operation=OPERATIONS["start"],
        repo=repo.slug,
        build=Build(number=0, status="", event="custom", ref=HEADS + name, target=name, after=commit),
        newest=repo.counter,
        # Drone holds only builds that a webhook of the source host started (harness/drone v2.25.0, trigger/trigger.go).
        unapproved=repo.protected,
        additions=additions,
        params=(("branch", name), *((("commit", commit),) if commit else ())),
        at=at,
    )
    notes = []
    if commit:
        notes.append("Drone does not check that the commit belongs to that branch")
    if repo.protected:
        notes.append("The repository is protected: a build that is started so runs at once and passes by the approval")
    if not repo.active:
        notes.append("The repository is disabled in Drone; a build that is started so runs all the same")
    which = f"commit {clean_name(commit)[:SHORT_COMMIT]} as one" if commit else "the newest commit"
    effect = f"start a build of {which} of branch '{clean_name(name)}' in {repo.slug}"
    return StartPlan(action=action, calls=(call,), effect=effect, notes=tuple(notes))


def make_view(plan: StartPlan, outcome: StartOutcome, message: str, **fields: Any) -> StartView:
    """Return an answer about the start of a build."""
    return StartView(repo=plan.action.repo, requests=plan.requests, outcome=outcome, message=message, **fields)


def report_start(plan: StartPlan, sent: Sent) -> StartView:
    """Report what Drone made of the request: a build, one that failed at once, or nothing."""
    repo, new = plan.action.repo, sent.answers[0]
    if new is None:
        return make_view(
            plan,
            "nothing_started",
            "Drone started nothing: no pipeline of .drone.yml matches the branch and the event 'custom', or "
            "the owner of the repository is inactive, or an extension of the server skips it",
            next_step=STEP_WHERE_SKIPPED,
        )
    failure = explain_failed_start("Build", new)
    return make_view(
        plan,
        "done",
        failure or f"Started build {new.number}",
        number=new.number,
        commit=new.after,
        notes=(*(() if failure else plan.notes), *note_found(sent)),
        **describe_new_build(repo, new),
    )

"""The changes that report results of the CI on the forge: the report of a build, the issue about a flaky step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.suggesting import suggest
from drone_mcp_build.access import BuildAddress
from drone_mcp_client.status import is_final
from drone_mcp_diagnosis.diagnosing import diagnose
from drone_mcp_diagnosis.flaky_search import Window, search_flaky_steps
from drone_mcp_diagnosis.live_log import Pace
from forge_client.requests import IssueChanges
from forge_issues.quoting import SHORT_COMMIT, day
from forge_issues.reading.pull_lookup import find_pull_of_build
from forge_issues.writing.base import ForgeChange, ForgePlan
from forge_issues.writing.markers import make_key, make_marker, mark, read_report_marker
from forge_issues.writing.report_text import TOKENS, is_red, title_flaky_step, write_flaky_step, write_report

if TYPE_CHECKING:
    from drone_mcp_diagnosis.diagnosing import DiagnosedBuild
    from drone_mcp_diagnosis.flaky_search import FlakySearch
    from drone_mcp_diagnosis.flaky_steps import FlakyStep
    from forge_client.forge import Forge
    from forge_client.models.issues import Comment, Issue
    from forge_client.models.pulls import PullRequest

LOOKED_AT: Final = 50  # of the newest builds, for evidence that a step is flaky
LOOKED_THROUGH: Final = 100  # of a pull request's newest comments, for our report


@dataclass(frozen=True, kw_only=True)
class ReportChange(ForgeChange):
    """The diagnosis of a build as the one comment of our user on its pull request."""

    @property
    @override
    def subject(self) -> str:
        return f"Build {self.number}"

    @override
    def contents(self) -> tuple[Any, ...]:
        return ()

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        repo = (await self.read_changeable(forge, name)).full_name
        diagnosed = await diagnose(self.access, BuildAddress(self.repo, self.number), TOKENS, Pace())
        build = diagnosed.build
        if not is_final(build.status):
            raise InvalidInput(
                f"Build {build.number} is {one_line(build.status, 30)}, so its result is not known yet",
                next_step="Wait for its end, then call again",
            )
        found = await find_pull_of_build(forge, repo, build)
        pull = found.pull
        if pull.merged or pull.state != "open":
            state = "merged" if pull.merged else pull.state
            return self._nothing(repo, pull, f"pull request {pull.number} is {state}, so nobody waits for its build")
        if found.has_moved_on:
            moved = f"has moved on to {pull.head.sha[:SHORT_COMMIT]} since build {build.number}"
            return self._nothing(repo, pull, f"the head of pull request {pull.number} {moved}")
        return await self._plan_comment(forge, repo, pull, diagnosed)

    async def _plan_comment(self, forge: Forge, repo: str, pull: PullRequest, diagnosed: DiagnosedBuild) -> ForgePlan:
        """Plan to edit our report on the pull request, or to make it where there is none."""
        build, login = diagnosed.build, await self.writer.login()
        comments = await forge.last_comments(repo, pull, LOOKED_THROUGH)
        ours = next((one for one in reversed(comments) if read_report_marker(one, login) is not None), None)
        earlier = (read_report_marker(ours, login) or ()) if ours else ()
        if earlier and earlier[0].number > build.number:
            return self._nothing(repo, pull, f"the comment reports build {earlier[0].number}, which is newer", ours)
        if ours is None and not is_red(build):
            return self._nothing(repo, pull, f"build {build.number} passed, and no report says anything else")
        page = f"{self.access.settings.server}/{self.repo}/{build.number}"
        text = write_report(diagnosed, page, earlier)
        if ours and ours.body.replace("\r\n", "\n").strip() == text.strip():
            return self._nothing(repo, pull, f"the comment reports build {build.number} already", ours)
        calls = (
            forge.writes.update_comment(repo, ours.id, text)
            if ours
            else forge.writes.create_comment(repo, pull.number, text),
        )
        state = (pull.head.sha, ours.id if ours else 0)
        return ForgePlan(
            action=self.make_action(repo, *calls, number=pull.number, state=state),
            calls=calls,
            effect=f"{'edit the report' if ours else 'comment'} on pull request {pull.number} of {repo} "
            f"with the diagnosis of build {build.number}",
            text=text,
        )

    def _nothing(self, repo: str, pull: PullRequest, why: str, found: Comment | None = None) -> ForgePlan:
        action = self.make_action(repo, number=pull.number)
        return ForgePlan(action=action, effect="write nothing", nothing=why, found=found or pull)


@dataclass(frozen=True, kw_only=True)
class TrackChange(ForgeChange):
    """The one issue about a flaky step: `step` is "stage/step", or the name of a step."""

    step: str

    @property
    @override
    def subject(self) -> str:
        return f"The step {one_line(self.step, 100)}"

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.step,)

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        repo = (await self.read_changeable(forge, name)).full_name
        search = await search_flaky_steps(self.access, self.repo, Window(LOOKED_AT), _report_nothing)
        step = choose_step(self.step, search)
        marker = make_marker("flaky", make_key(repo.lower(), *step.name))
        issue = await self.find_own_issue(forge, repo, marker)
        text = mark(write_flaky_step(step, search), marker)
        if issue is None:
            call = forge.writes.create_issue(repo, title_flaky_step(step), text)
            effect = f"open an issue about the flaky step {one_line('/'.join(step.name), 100)} in {repo}"
            return ForgePlan(action=self.make_action(repo, call), calls=(call,), effect=effect, text=text)
        if nothing := _why_no_edit(issue, text):
            action = self.make_action(repo, number=issue.number)
            return ForgePlan(action=action, effect="write nothing", nothing=nothing, found=issue)
        edit = forge.writes.update_issue(
            repo, issue.number, IssueChanges(body=text, content_version=issue.content_version)
        )
        return ForgePlan(
            action=self.make_action(repo, edit, number=issue.number, state=(issue.version,)),
            calls=(edit,),
            effect=f"bring issue {issue.number} of {repo} up to date with the newest evidence",
            text=text,
        )


def _why_no_edit(issue: Issue, text: str) -> str:
    if issue.state == "closed":
        closed = f" on {day(issue.closed_at)}" if issue.closed_at else ""
        return f"issue {issue.number} about this step was closed{closed}, and stays closed: a person decided that"
    if issue.body.replace("\r\n", "\n").strip() == text.strip():
        return f"issue {issue.number} is about this step, and says all of it"
    return ""


def choose_step(wanted: str, search: FlakySearch) -> FlakyStep:
    """Return the flaky step of a name.

    Raises:
        InvalidInput: it is not flaky in the builds looked at, or several steps have that name.
    """
    named = [step for step in search.steps if wanted in {"/".join(step.name), step.name[1]}]
    if len(named) == 1:
        return named[0]
    known = [one_line("/".join(step.name), 100) for step in named or search.steps][:20]
    if named:
        raise InvalidInput(f"{len(named)} flaky steps have this name", next_step=f"Give one of {', '.join(known)}")
    raise InvalidInput(
        f"No step {one_line(wanted, 100)!r} passed and failed on the same commit in the newest "
        f"{len(search.builds)} builds",
        next_step=suggest(wanted, known, "The flaky ones are"),
    )


async def _report_nothing(done: float, total: float | None, message: str | None) -> None:
    """Take a note of progress, which nobody waits for while a change is planned."""

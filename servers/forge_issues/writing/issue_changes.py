"""The changes of issues and pull requests that an agent words itself: open, update, comment, propose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from forge_client.errors import Conflict
from forge_client.name_lookup import find_labels, find_milestone, find_users
from forge_client.names import check_head, check_ref
from forge_client.requests import IssueChanges
from forge_issues.writing.base import ForgeChange, ForgePlan
from forge_issues.writing.markers import check_unmarked, is_marked, mark
from forge_issues.writing.text_side_effects import note_effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_client.forge import Forge
    from forge_client.models.issues import Issue, Label

TITLE_WIDTH = 100  # characters
LOOKED_THROUGH = 100  # of the newest comments, for one that was made with the same key


@dataclass(frozen=True, slots=True)
class Filing:
    """How an issue or pull request is filed: names as the caller gives them."""

    labels: tuple[str, ...] = ()
    milestone: str = ""
    assignees: tuple[str, ...] = ()

    async def look_up(self, forge: Forge, repo: str) -> dict[str, Any]:
        """Return the arguments of a write. Names are checked first, as the forge would drop unknown ones.

        Raises:
            InvalidInput: the repository has no such label, milestone or user; the error suggests a near one.
        """
        found: dict[str, Any] = {}
        if self.labels:
            found["labels"] = find_labels(self.labels, await forge.labels(repo))
        if self.milestone:
            found["milestone"] = find_milestone(self.milestone, await forge.milestones(repo))
        if self.assignees:
            known = find_users(self.assignees, await forge.assignees(repo))
            found["assignees"] = tuple(user.login for user in known)
        return found


@dataclass(frozen=True, kw_only=True)
class OpenChange(ForgeChange):
    """A new issue."""

    title: str
    body: str
    filing: Filing

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.title, self.body, self.filing.labels, self.filing.milestone, self.filing.assignees

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        check_unmarked(self.body)
        repo = (await self.read_changeable(forge, name)).full_name
        marker = self.make_marker(repo)
        found = await self.find_own_issue(forge, repo, marker) if marker else None
        if found:
            action = self.make_action(repo, number=found.number)
            nothing = f"issue {found.number} was opened with this key before"
            return ForgePlan(action=action, effect="open nothing", nothing=nothing, found=found)
        filed = await self.filing.look_up(forge, repo)
        call = forge.writes.create_issue(repo, self.title, mark(self.body, marker), **filed)
        return ForgePlan(
            action=self.make_action(repo, call),
            calls=(call,),
            effect=f"open the issue '{one_line(self.title, TITLE_WIDTH)}' in {repo}",
            notes=note_effects(self.title, self.body),
        )


@dataclass(frozen=True, kw_only=True)
class CommentChange(ForgeChange):
    """A comment on an issue or a pull request."""

    body: str

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.body,)

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        check_unmarked(self.body)
        repo = (await self.read_changeable(forge, name)).full_name
        # Read first: a comment on an issue that is not there is a fault of the server.
        issue = await forge.issue(repo, self.number)
        marker = self.make_marker(repo)
        if marker:
            login = await self.writer.login()
            comments = await forge.last_comments(repo, issue, LOOKED_THROUGH)
            if found := next((one for one in comments if is_marked(one, marker, login)), None):
                action = self.make_action(repo, number=self.number)
                nothing = f"the comment {found.id} was made with this key before"
                return ForgePlan(action=action, effect="comment nothing", nothing=nothing, found=found)
        call = forge.writes.create_comment(repo, self.number, mark(self.body, marker))
        what = "pull request" if issue.pull_request else "issue"
        closed = ("It is closed",) if issue.state == "closed" else ()
        return ForgePlan(
            action=self.make_action(repo, call, number=self.number),
            calls=(call,),
            effect=f"comment on {what} {self.number} '{one_line(issue.title, TITLE_WIDTH)}' of {repo}",
            notes=(*closed, *note_effects(self.body)),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an issue should have; None leaves it as it is.

    Attributes:
        milestone: its title; "none" takes it away.
        version: of the issue as the caller read it, "" to change it whatever it is by now.
    """

    title: str | None = None
    body: str | None = None
    state: str | None = None
    labels: tuple[str, ...] | None = None
    milestone: str | None = None
    assignees: tuple[str, ...] | None = None
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class UpdateChange(ForgeChange):
    """An edit of an issue or pull request."""

    wanted: Wanted

    @override
    def contents(self) -> tuple[Any, ...]:
        wanted = self.wanted
        filing = (wanted.labels, wanted.milestone, wanted.assignees)
        return wanted.title, wanted.body, wanted.state, *filing, wanted.version

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        wanted = self.wanted
        check_unmarked(wanted.body or "")
        repo = (await self.read_changeable(forge, name)).full_name
        issue = await forge.issue(repo, self.number)
        if wanted.version and wanted.version != issue.version:
            raise Conflict(
                f"Issue {self.number} of {repo} has been edited since it was read",
                next_step="Read it again, and edit its current text",
                details={"repo": repo, "number": self.number, "version": issue.version},
            )
        changes, fields = await self._differences(forge, repo, issue)
        calls = (forge.writes.update_issue(repo, self.number, changes),) if fields else ()
        labels = await self._labels(forge, repo, issue)
        if labels is not None:
            calls = (*calls, forge.writes.set_labels(repo, self.number, labels))
            fields.append("labels")
        action = self.make_action(repo, *calls, number=self.number, state=(issue.version,))
        if not calls:
            nothing = f"issue {self.number} of {repo} already is as asked"
            return ForgePlan(action=action, effect="change nothing", nothing=nothing, found=issue)
        what = "pull request" if issue.pull_request else "issue"
        return ForgePlan(
            action=action,
            calls=calls,
            effect=f"change {', '.join(fields)} of {what} {self.number} "
            f"'{one_line(issue.title, TITLE_WIDTH)}' of {repo}",
            notes=note_effects(changes.title or "", changes.body or ""),
        )

    async def _differences(self, forge: Forge, repo: str, issue: Issue) -> tuple[IssueChanges, list[str]]:
        """Return what differs from the issue as it is, and the names of those fields."""
        wanted = self.wanted
        found: dict[str, Any] = {}
        if wanted.title not in {None, issue.title}:
            found["title"] = wanted.title
        if wanted.body is not None and wanted.body != issue.body.replace("\r\n", "\n"):
            found["body"] = wanted.body
        if wanted.state not in {None, issue.state}:
            found["state"] = wanted.state
        current = issue.milestone.title if issue.milestone else "none"
        if wanted.milestone not in {None, current}:
            title = wanted.milestone or ""
            found["milestone"] = title if title == "none" else find_milestone(title, await forge.milestones(repo))
        if wanted.assignees is not None:
            logins = tuple(user.login for user in find_users(wanted.assignees, await forge.assignees(repo)))
            if {login.lower() for login in logins} != {user.login.lower() for user in issue.assignees}:
                found["assignees"] = logins
        # Only an edit of the text is refused by it.
        version = issue.content_version if "body" in found else None
        return IssueChanges(**found, content_version=version), list(found)

    async def _labels(self, forge: Forge, repo: str, issue: Issue) -> Sequence[Label] | None:
        if self.wanted.labels is None:
            return None
        labels = find_labels(self.wanted.labels, await forge.labels(repo)) if self.wanted.labels else ()
        return labels if {one.id for one in labels} != {one.id for one in issue.labels} else None


@dataclass(frozen=True, kw_only=True)
class ProposeChange(ForgeChange):
    """A new pull request; `base` is the default branch where it is ""."""

    title: str
    body: str
    head: str
    base: str
    draft: bool

    @override
    def contents(self) -> tuple[Any, ...]:
        # Two open ones of the same branches cannot be, whatever they are called.
        return self.head, self.base

    @override
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        check_unmarked(self.body)
        check_head(self.head)
        repository = await self.read_changeable(forge, name)
        repo, base = repository.full_name, check_ref(self.base or repository.default_branch)
        user, _, branch = self.head.rpartition(":")
        head_repo = f"{user}/{repo.partition('/')[2]}" if user else repo
        if user == "" and branch == base:
            raise InvalidInput(f"{base} is both head and base", next_step="Give the branch with the changes as head")
        opened = await forge.open_pulls_of(repo, branch=branch, head_repo=head_repo)
        if found := next((pull for pull in opened.pulls if pull.base.ref == base), None):
            action = self.make_action(repo, number=found.number)
            nothing = f"pull request {found.number} of these branches is open already"
            return ForgePlan(action=action, effect="open nothing", nothing=nothing, found=found)
        # A head without changes would be taken.
        compared = await forge.comparison(repo, base, self.head)
        if not compared.total_commits:
            nothing = f"{one_line(self.head, TITLE_WIDTH)} has no commit that {base} lacks"
            return ForgePlan(action=self.make_action(repo), effect="open nothing", nothing=nothing)
        call = forge.writes.create_pull(repo, self.title, self.body, head=self.head, base=base, draft=self.draft)
        commits = f"{compared.total_commits} commit{'s' if compared.total_commits > 1 else ''}"
        return ForgePlan(
            action=self.make_action(repo, call, state=(compared.commits[0].sha,) if compared.commits else ()),
            calls=(call,),
            effect=f"open the pull request '{one_line(self.title, TITLE_WIDTH)}' with {commits} of "
            f"{one_line(self.head, TITLE_WIDTH)} to {base} of {repo}",
            notes=note_effects(self.title, self.body),
        )

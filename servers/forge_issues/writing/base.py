"""The base of all changes on the forge: planned, recognised, and described in answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.change import Change, Plan, Sent
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.sentences import begin_sentence
from forge_client.models.issues import Comment, Issue
from forge_client.models.pulls import PullRequest
from forge_client.requests import IssueFilter, Written
from forge_client.text_checks import check_changeable
from forge_issues.guard.action import ForgeAction
from forge_issues.guard.spec import FORGE_GUARD
from forge_issues.writing.markers import is_marked, make_key, make_marker
from forge_issues.writing.views import WrittenView

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.rules import Decision
    from ci_mcp_kit.guard.spec import GuardSpec
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.server import Repository
    from forge_issues.writing.views import Outcome
    from forge_issues.writing.write_access import Writer

LONGEST_SHOWN: Final = 3_000  # characters of a text in an answer
MINE_LISTED: Final = 50  # of our user's newest issues, which the search does not know yet


@dataclass(frozen=True, kw_only=True)
class ForgePlan(Plan[ForgeAction]):
    """A plan, with what there is already.

    Attributes:
        found: the issue, pull request or comment that makes a write needless, where there is one.
        text: what would be written, where the agent does not know it.
    """

    found: Issue | PullRequest | Comment | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class ForgeChange(Change[ForgeAction, WrittenView], ABC):
    """One call of a tool that writes.

    Attributes:
        access: reads from the forge and the CI server.
        writer: knows the user who writes.
        repo: "owner/name", as the caller or the CI server writes it.
        number: of the issue, pull request or build; 0 for none.
    """

    spec: ClassVar[GuardSpec] = FORGE_GUARD

    access: ForgeAccess = field(repr=False)
    writer: Writer = field(repr=False)
    repo: str
    number: int = 0

    @property
    @override
    def scope(self) -> str:
        return self.repo

    @property
    @override
    def subject(self) -> str:
        return f"#{self.number} of {self.repo}" if self.number else self.repo

    @property
    @override
    def view(self) -> type[WrittenView]:
        return WrittenView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.repo.lower(), self.number

    @override
    def facts(self) -> dict[str, Any]:
        return super().facts() | {"issue": self.number or None}

    @override
    async def plan(self) -> ForgePlan:
        return await self.access.ask_forge(self.repo, self.plan_on)

    @abstractmethod
    async def plan_on(self, forge: Forge, name: str) -> ForgePlan:
        """Plan in a repository of this name."""

    async def read_changeable(self, forge: Forge, name: str) -> Repository:
        """Return the repository, which is not archived.

        Raises:
            PermissionDenied: it is archived, or not in the scope under the name that the forge has for it.
        """
        repository = await forge.repository(name)
        self.access.scope.check(repository.full_name)
        check_changeable(repository)
        return repository

    def make_marker(self, repo: str) -> str:
        """Return the marker that identifies a write with a key; "" without one."""
        return make_marker("once", make_key(self.name, repo.lower(), self.number, self.once)) if self.once else ""

    async def find_own_issue(self, forge: Forge, repo: str, marker: str) -> Issue | None:
        """Return the newest issue of our own user with a marker. At most two requests, besides the user's name."""
        login, key = await self.writer.login(), marker.split()[-2]
        wanted = IssueFilter(state="all", author=login)
        newest = await forge.issues(repo, wanted, 1, MINE_LISTED)
        # The search knows an issue a second after it was made, and the list only the newest ones.
        found = [issue for issue in newest.items if is_marked(issue, marker, login)]
        if not found and (newest.next_page is not None):
            older = await forge.issues(repo, IssueFilter(state="all", author=login, text=key), 1, MINE_LISTED)
            found = [issue for issue in older.items if is_marked(issue, marker, login)]
        return found[0] if found else None

    @override
    async def find_effect(self, plan: Plan[ForgeAction], index: int) -> Sent | None:
        again = await self.plan()
        return Sent((again.found,)) if again.nothing and again.found else None

    def make_action(self, repo: str, *calls: Call[Any], number: int = 0, state: tuple[Any, ...] = ()) -> ForgeAction:
        """Return the action that sends calls; `repo` is written as the forge does."""
        return ForgeAction(operation=self.operation, scope=repo, number=number, state=state, calls=calls)

    @override
    def describe(self, plan: Plan[ForgeAction], outcome: Outcome, message: str, **fields: Any) -> WrittenView:
        shown = {"requests": plan.requests} | fields
        return WrittenView(
            repo=plan.action.scope,
            operation=self.name,
            outcome=outcome,
            message=begin_sentence(message),
            **shown,
        )

    @override
    def describe_nothing(self, plan: Plan[ForgeAction]) -> WrittenView:
        found = describe_found(plan.found if isinstance(plan, ForgePlan) else None)
        return super().describe_nothing(plan).model_copy(update=found)

    @override
    def describe_rehearsal(self, plan: Plan[ForgeAction], decision: Decision) -> WrittenView:
        text = cleaned(plan.text)[:LONGEST_SHOWN] if isinstance(plan, ForgePlan) else ""
        shown = {"number": plan.action.number or None, "text": text}
        return super().describe_rehearsal(plan, decision).model_copy(update=shown)

    @override
    async def describe_done(self, plan: Plan[ForgeAction], sent: Sent) -> WrittenView:
        facts: dict[str, Any] = {}
        dropped: tuple[str, ...] = ()
        for answer in sent.answers:
            facts |= describe_found(answer.answer if isinstance(answer, Written) else answer)
            dropped += answer.not_applied if isinstance(answer, Written) else ()
        message = f"done: {plan.effect}"
        if sent.failed is not None:
            message = f"only a part was done; then: {sent.failed.message}"
        notes = ("The forge did not answer as it should; what was written is there",) if sent.found else ()
        next_step = "Report that the forge did not take all of it" if dropped else ""
        return self.describe(
            plan,
            "partly_done" if sent.failed else "done",
            message,
            **{"number": plan.action.number or None, **facts},
            requests=plan.requests[: len(sent.answers)],
            not_applied=tuple(dict.fromkeys(dropped)),
            notes=notes,
            next_step=next_step,
        )


def describe_found(thing: Any) -> dict[str, Any]:
    """Return the fields of an answer that say where something is."""
    if isinstance(thing, Comment):
        return {"comment": thing.id, "page": one_line(thing.url, 300)}
    if isinstance(thing, Issue):
        return {"number": thing.number, "page": one_line(thing.url, 300), "version": thing.version}
    if isinstance(thing, PullRequest):
        return {"number": thing.number, "page": one_line(thing.url, 300)}
    return {}

"""The base of all changes on the forge: planned, recognised, and described in answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.cleaning import cleaned, one_line
from ci_mcp_kit.guard.change import Change, Plan, Sent
from forge_client.models.issues import Comment, Issue
from forge_client.models.pulls import PullRequest
from forge_client.requests import IssueFilter, Written
from forge_client.text_checks import check_changeable
from forge_issues.guard.action import OPERATIONS, ForgeAction, Request
from forge_issues.writing.markers import is_marked, make_key, make_marker
from forge_issues.writing.views import WrittenView

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.operations import Operation
    from ci_mcp_kit.guard.rules import Decision
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.server import Repository
    from forge_issues.writing.views import Outcome
    from forge_issues.writing.writer import Writer

A_DAY: Final = 86_400.0  # seconds for which the answer to a call with a key is kept
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
        name: of the operation.
        repo: "owner/name", as the caller or the CI server writes it.
        number: of the issue, pull request or build; 0 for none.
        once: a key; a call with the same key changes nothing again.
    """

    access: ForgeAccess = field(repr=False)
    writer: Writer = field(repr=False)
    name: str
    repo: str
    number: int = 0
    once: str = ""

    @property
    @override
    def operation(self) -> Operation:
        return OPERATIONS[self.name]

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

    @property
    @override
    def window(self) -> float:
        return A_DAY if self.once else super().window

    @override
    def identity(self) -> tuple[Any, ...]:
        facts = (self.name, self.repo.lower(), self.number)
        return (*facts, "once", self.once) if self.once else (*facts, *self.contents())

    @abstractmethod
    def contents(self) -> tuple[Any, ...]:
        """Return the arguments that make two calls without a key the same call, as JSON values."""

    @override
    def facts(self) -> dict[str, Any]:
        return {"operation": self.name, "repo": self.repo, "issue": self.number or None}

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
    def keeps_decision(self, before: ForgeAction, now: ForgeAction) -> bool:
        return before.fingerprint == now.fingerprint

    @override
    async def find_effect(self, plan: Plan[ForgeAction], index: int) -> Sent | None:
        again = await self.plan()
        return Sent((again.found,)) if again.nothing and again.found else None

    @override
    def describe_nothing(self, plan: Plan[ForgeAction]) -> WrittenView:
        return make_view(plan, "nothing_to_do", plan.nothing, notes=plan.notes, **describe_found(_found(plan)))

    @override
    def describe_rehearsal(self, plan: Plan[ForgeAction], decision: Decision) -> WrittenView:
        off = decision.mode != "on"
        how = "the operator of this server can set FORGE_MCP_ACTIONS to on" if off else "call again without dry_run"
        return make_view(
            plan,
            "dry_run",
            f"this would {plan.effect}. Nothing was sent",
            number=plan.action.number or None,
            requests=plan.requests,
            needs_confirmation=decision.confirm,
            text=cleaned(plan.text)[:LONGEST_SHOWN] if isinstance(plan, ForgePlan) else "",
            notes=plan.notes,
            next_step=f"To do it, {how}" + ("; it then needs a confirmation" if decision.confirm else ""),
        )

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
        return make_view(
            plan,
            "partly_done" if sent.failed else "done",
            message,
            **{"number": plan.action.number or None, **facts},
            requests=plan.requests[: len(sent.answers)],
            not_applied=tuple(dict.fromkeys(dropped)),
            notes=notes,
            next_step=next_step,
        )

    @override
    def describe_repeated(self, earlier: WrittenView) -> WrittenView:
        when = "with this key" if self.once else "less than a minute ago"
        note = f"The same call was answered {when}; nothing was sent again"
        return earlier.model_copy(update={"outcome": "repeated", "notes": (*earlier.notes, note)})


def make_action(
    name: str, repo: str, calls: tuple[Call[Any], ...], *, number: int = 0, state: tuple[Any, ...] = ()
) -> ForgeAction:
    """Return the action that sends these calls."""
    requests = tuple(Request.of(call) for call in calls)
    return ForgeAction(operation=OPERATIONS[name], repo=repo, number=number, state=state, requests=requests)


def make_view(plan: Plan[ForgeAction], outcome: Outcome, message: str, **more: Any) -> WrittenView:
    """Return an answer about the subject of a plan."""
    action = plan.action
    return WrittenView(
        repo=action.repo,
        operation=action.operation.name,
        outcome=outcome,
        message=f"{message[0].upper()}{message[1:]}",
        **more,
    )


def _found(plan: Plan[ForgeAction]) -> Issue | PullRequest | Comment | None:
    return plan.found if isinstance(plan, ForgePlan) else None


def describe_found(thing: Any) -> dict[str, Any]:
    """Return the fields of an answer that say where something is."""
    if isinstance(thing, Comment):
        return {"comment": thing.id, "page": one_line(thing.url, 300)}
    if isinstance(thing, Issue):
        return {"number": thing.number, "page": one_line(thing.url, 300), "version": thing.version}
    if isinstance(thing, PullRequest):
        return {"number": thing.number, "page": one_line(thing.url, 300)}
    return {}

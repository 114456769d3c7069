"""Changes of scheduled jobs, and their runs out of turn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_admin.changing.base import WIDTH, AdminChange, AdminPlan, ReadBack, find_dropped, show
from drone_mcp_build.cron_schedule import describe_schedule, next_time, parse_schedule
from drone_mcp_build.guard.trigger_heartbeat import reporting
from drone_mcp_build.iso_time import format_time
from drone_mcp_client import calls
from drone_mcp_client.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.change import Sent
    from drone_mcp_build.guard.trigger_heartbeat import Report
    from drone_mcp_client.models import Cron


def slug_of(name: str) -> str:
    """Return the name that Drone gives a job (harness/drone v2.25.0, core/cron.go).

    Raises:
        InvalidInput: nothing is left of it.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise InvalidInput(f"{one_line(name, WIDTH)!r} has no letter or digit", next_step="Give the job another name")
    return slug


@dataclass(frozen=True, kw_only=True)
class CronChange(AdminChange):
    """A change of one job; `job` is its name as Drone has it."""

    job: str

    async def find(self) -> Cron | None:
        """Return the job as it is now, None where there is none."""
        found = await (await self.access.client()).crons(self.place)
        return next((one for one in found if one.name == self.job), None)


@dataclass(frozen=True, kw_only=True)
class SetCron(CronChange):
    """A job that is added or changed; what is None stays, or is Drone's default."""

    clock: Callable[[], float] = field(repr=False)
    expr: str | None = None
    branch: str | None = None
    deploys_to: str | None = None
    disabled: bool | None = None

    @override
    def contents(self) -> tuple[Any, ...]:
        return self.expr, self.branch, self.deploys_to, self.disabled

    def wanted(self) -> dict[str, Any]:
        """Return the fields that are given, by Drone's names."""
        fields = {"expr": self.expr, "branch": self.branch, "target": self.deploys_to, "disabled": self.disabled}
        return {name: value for name, value in fields.items() if value is not None}

    @override
    async def plan(self) -> AdminPlan:
        words = self._check_expression() if self.expr is not None else ""
        there = await self.find()
        if there is None:
            return await self._plan_new(words)
        changes = {name: value for name, value in self.wanted().items() if getattr(there, name) != value}
        if not changes:
            return self.plan_nothing(f"{self.subject} is like that already")
        said = ", ".join(
            f"{name} from {show(getattr(there, name))} to {show(value)}" for name, value in changes.items()
        )
        state = (there.expr, there.branch, there.target, there.disabled)
        if "expr" not in changes:
            call = calls.update_cron(self.place, self.job, **changes)
            return self.make_plan(f"change {self.label}: {said}", call, state=state)
        # The job is made anew, with all else as it was (harness/drone v2.25.0, handler/api/repos/crons/update.go).
        kept = {"branch": there.branch, "target": there.target or None, "disabled": there.disabled or None}
        made = self._make(**{**kept, **self.wanted()})
        notes = (f"It then runs {words}", "Drone cannot change an expression: the job is deleted and made again")
        delete = calls.delete_cron(self.place, self.job)
        return self.make_plan(f"change {self.label}: {said}", delete, *made, state=state, notes=notes)

    async def _plan_new(self, words: str) -> AdminPlan:
        if self.expr is None:
            raise NotFound(
                f"There is no {self.label}, and a new job needs an expression",
                next_step="Give expr, like '0 30 1 * * *' for 01:30:00 every day, or the name of a job that exists",
            )
        branch = self.branch or (await (await self.access.client()).repo(self.place)).default_branch
        made = self._make(**{**self.wanted(), "branch": branch})
        effect = f"add {self.label}: {show(self.expr)} on branch {show(branch)}"
        return self.make_plan(effect, *made, state=(None,), notes=(f"It runs {words}",))

    def _make(
        self, *, expr: str, branch: str, target: str | None = None, disabled: bool | None = None
    ) -> tuple[Call[Any], ...]:
        """Return the calls that make the job: Drone drops target and disabled of a new one (crons/create.go)."""
        create = calls.create_cron(self.place, self.job, expr=expr, branch=branch)
        if not target and not disabled:
            return (create,)
        return create, calls.update_cron(self.place, self.job, target=target or None, disabled=disabled or None)

    def _check_expression(self) -> str:
        """Return the words for the expression."""
        expr = self.expr or ""
        try:
            next_time(expr, int(self.clock()))
            return describe_schedule(parse_schedule(expr))
        except ValueError as error:
            raise InvalidInput(
                f"{one_line(expr, WIDTH)!r} is no expression of Drone: {error}",
                next_step="Give second minute hour day month weekday, like '0 30 1 * * 1-5', or @daily or @every 6h",
            ) from None

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        there = await self.find()
        if there is None:
            return ReadBack(message=f"Drone accepted the calls, and has no {self.label}", dropped=(self.target,))
        now = {"expr": there.expr, "branch": there.branch, "target": there.target, "disabled": there.disabled}
        due = format_time(there.next)
        return ReadBack(
            message=f"{self.subject} is {'disabled' if there.disabled else f'due next at {due}'}",
            now={**{name: value for name, value in now.items() if value}, "next": due},
            dropped=find_dropped(self.wanted(), now),
        )


@dataclass(frozen=True, kw_only=True)
class DeleteCron(CronChange):
    """The end of a job."""

    @override
    async def plan(self) -> AdminPlan:
        there = await self.find()
        if there is None:
            return self.plan_nothing(f"There is no {self.label}")
        notes = (f"It runs {show(there.expr)} on branch {show(there.branch)}; disabling it keeps that",)
        call = calls.delete_cron(self.place, self.job)
        return self.make_plan(f"delete {self.label}", call, state=(there.expr, there.branch), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return self.report_deletion(is_there=await self.find() is not None)


@dataclass(frozen=True, kw_only=True)
class RunCron(CronChange):
    """A run of a job now."""

    report: Report = field(repr=False)

    @override
    async def plan(self) -> AdminPlan:
        there = await self.find()
        if there is None:
            raise NotFound(f"There is no {self.label}", next_step="drone_list_crons lists the jobs of a repository")
        notes = ("It is disabled, and runs this once all the same",) if there.disabled else ()
        call = calls.run_cron(self.place, self.job)
        effect = f"run {self.label} now, on branch {show(there.branch)}"
        return self.make_plan(effect, call, state=(there.expr, there.branch), notes=notes)

    @override
    def while_sending(self) -> AbstractAsyncContextManager[object]:
        return reporting(self.report)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        build = sent.answers[0]
        # Where Drone skips a build, it answers 200 with `null` (harness/drone v2.25.0, trigger/trigger.go).
        if build is None:
            return ReadBack(
                message="Drone started nothing: no pipeline of .drone.yml is triggered by the event 'cron'",
                next_step="Look at the trigger conditions in .drone.yml; calling again changes nothing",
            )
        return ReadBack(
            message=f"Started build {build.number} of {self.place}",
            now={"number": build.number, "status": build.status},
            next_step=f"Wait for build {build.number} of {self.place}, and look how it ends",
        )

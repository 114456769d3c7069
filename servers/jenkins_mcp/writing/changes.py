"""The changes that tools request: how each is planned, recognised afterwards, and described in answers."""

from __future__ import annotations

from abc import ABC
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceError
from ci_mcp_kit.guard.change import Change, Sent
from jenkins_mcp.client import calls
from jenkins_mcp.client.calls import get_queue, get_queue_item, search_builds
from jenkins_mcp.client.changes import Queued
from jenkins_mcp.client.names import parse_job
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.guard.action import JenkinsAction
from jenkins_mcp.guard.parameters import show_name
from jenkins_mcp.guard.spec import JENKINS_GUARD
from jenkins_mcp.writing import plans, reports
from jenkins_mcp.writing.parameters import RUN, parse_run
from jenkins_mcp.writing.plans import ChangePlan, StartPlan
from jenkins_mcp.writing.views import ChangeView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.guard.change import Plan
    from ci_mcp_kit.guard.spec import GuardSpec
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.jobs import Job
    from jenkins_mcp.client.models.queue import QueueItem
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.writing.parameters import Given
    from jenkins_mcp.writing.views import Outcome

Pause = Callable[[float], Awaitable[object]]

LOOKED_THROUGH: Final = 25  # builds, from the newest on, for one that a change has made
PAUSES: Final = (0.5, 0.5, 1.0, 2.0)  # seconds between looks: a shell step was seen to end 0.3 s after a stop


@dataclass(frozen=True, kw_only=True)
class JenkinsChange(Change[JenkinsAction, ChangeView], ABC):
    """One call of a tool about one job.

    Attributes:
        client: reads the job.
        pause: sleeps.
        jenkins: the name of the Jenkins; "" where there is only one.
        job: the job, by the name that Jenkins has for it.
        number: of the build or queue item; 0 for the job itself.
    """

    spec: ClassVar[GuardSpec] = JENKINS_GUARD

    client: JenkinsClient = field(repr=False)
    pause: Pause = field(repr=False)
    jenkins: str
    job: JobName
    number: int = 0

    @property
    @override
    def scope(self) -> str:
        return str(self.job)

    @property
    @override
    def subject(self) -> str:
        return f"Build {self.number} of {self.job}"

    @property
    @override
    def view(self) -> type[ChangeView]:
        return reports.view_of(self.name)

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return self.jenkins, self.scope, self.number

    @override
    def contents(self) -> tuple[Any, ...]:
        return ()

    @override
    def facts(self) -> dict[str, Any]:
        number = {"item" if self.name == "cancel" else "build": self.number or None}
        return {"operation": self.name, "jenkins": self.jenkins, "job": self.scope, **number}

    @override
    def describe(self, plan: ChangePlan, outcome: Outcome, message: str, **fields: Any) -> ChangeView:
        return reports.make_view(plan, outcome, message, **fields)

    async def read_build(self) -> Build:
        """Return the build as it is now."""
        return (await self.client.send(calls.get_build(self.job, self.number))).value

    async def read_item(self, item: int) -> QueueItem | None:
        """Return a queue item as it is now, None where Jenkins does not show it."""
        with suppress(ServiceError):
            return (await self.client.send(get_queue_item(item))).value
        return None


@dataclass(frozen=True, kw_only=True)
class StartChange(JenkinsChange, ABC):
    """A change that leads to a new build."""

    @override
    async def describe_done(self, plan: ChangePlan, sent: Sent) -> ChangeView:
        assert isinstance(plan, StartPlan)  # noqa: S101 - `plan` makes no other
        queued = sent.answers[0] or await self._await_started(plan)
        item = await self.read_item(queued.item) if queued else None
        build = item.executable.number if item and item.executable else None
        return reports.report_start(
            plan,
            sent,
            item,
            number=queued.item if queued else None,
            joined=bool(queued and queued.joined),
            page=self.client.page(self.job, build),
        )

    @override
    async def find_effect(self, plan: ChangePlan, index: int) -> Sent | None:
        assert isinstance(plan, StartPlan)  # noqa: S101 - as above
        found = await self._find_started(plan)
        return Sent((found,)) if found else None

    async def _await_started(self, plan: StartPlan) -> Queued | None:
        """Look for the started build a few times; Jenkins does not say which item a rebuild has become."""
        for pause in (*PAUSES, None):
            with suppress(ServiceError):
                if found := await self._find_started(plan):
                    return found
            if pause is not None:
                await self.pause(pause)
        return None

    async def _find_started(self, plan: StartPlan) -> Queued | None:
        """Return the one queue item, or what became of it, that comes from a plan: two could be someone else's."""
        queue = (await self.client.send(get_queue())).value
        found = {
            item.id
            for item in queue.items
            if item.task and item.task.full_name == self.scope and plan.made(item.id, item.actions)
        }
        newest = await self.client.send(search_builds(self.job, 0, LOOKED_THROUGH))
        found |= {
            build.queue_id
            for build in newest.all_builds
            if build.number >= plan.next_number and plan.made(build.queue_id, build.actions)
        }
        return Queued(found.pop(), joined=bool(found & plan.known.keys())) if len(found) == 1 else None


@dataclass(frozen=True, kw_only=True)
class TriggerChange(StartChange):
    """A build of a job with parameters."""

    given: Mapping[str, Given]

    @property
    @override
    def subject(self) -> str:
        return str(self.job)

    @override
    def contents(self) -> tuple[Any, ...]:
        return (sorted(self.given.items()),)

    @override
    async def plan(self) -> StartPlan:
        # The queue before the job, so that a build that begins meanwhile is an old one by its number.
        queue = (await self.client.send(get_queue())).value
        job = await self.client.send(calls.get_job(self.job))
        plan = plans.plan_trigger(self.jenkins, self.job, job, queue, self.given)
        await self._check_runs(job, dict(plan.action.form))
        return plan

    async def _check_runs(self, job: Job, values: Mapping[str, str]) -> None:
        """Refuse a build that does not exist as the value of a parameter, which Jenkins answers with a fault."""
        for definition in job.parameters():
            run = parse_run(values.get(definition.name, "")) if definition.type == RUN else None
            if run is None:
                continue
            of, number = parse_job(run[0]), run[1]
            try:
                await self.client.send(calls.get_build(of, number))
            except NotFound:
                newest = (await self.client.send(search_builds(of, 0, 5))).all_builds
                there_are = ", ".join(f"{of}#{build.number}" for build in newest)
                raise InvalidInput(
                    f"{show_name(definition.name)} takes a build of {of}, and there is no build {number}",
                    next_step=f"Give one like {there_are}" if there_are else f"{of} has no builds yet",
                    details={"accepts": {show_name(definition.name): there_are}},
                    service=JENKINS,
                ) from None


@dataclass(frozen=True, kw_only=True)
class RebuildChange(StartChange):
    """A build that runs again."""

    @override
    async def plan(self) -> StartPlan:
        queue = (await self.client.send(get_queue())).value
        job = await self.client.send(calls.get_job(self.job))
        return plans.plan_rebuild(self.jenkins, self.job, job, queue, await self.read_build())


@dataclass(frozen=True, kw_only=True)
class StopChange(JenkinsChange):
    """The end of a build; `verb` is stop, term or kill."""

    verb: str = "stop"

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.verb,)

    @override
    async def plan(self) -> ChangePlan:
        return plans.plan_stop(self.jenkins, self.job, await self.read_build(), self.verb)

    @override
    async def find_effect(self, plan: Plan[JenkinsAction], index: int) -> Sent | None:
        build = await self._await_end()
        return Sent((None,)) if build and (build.is_over or build.interruptions()) else None

    @override
    async def describe_done(self, plan: ChangePlan, sent: Sent) -> ChangeView:
        return reports.report_stop(plan, sent, await self._await_end())

    async def _await_end(self) -> Build | None:
        """Return the build once it is over, or as it is after some seconds; None where it could not be read."""
        build = None
        for pause in (*PAUSES, None):
            with suppress(ServiceError):
                build = await self.read_build()
            if pause is None or (build and build.is_over):
                break
            await self.pause(pause)
        return build


@dataclass(frozen=True, kw_only=True)
class CancelChange(JenkinsChange):
    """The end of a queue item."""

    @property
    @override
    def subject(self) -> str:
        return f"Queue item {self.number} of {self.job}"

    @override
    async def plan(self) -> ChangePlan:
        return plans.plan_cancel(self.jenkins, self.job, (await self.client.send(get_queue_item(self.number))).value)

    @override
    async def find_effect(self, plan: ChangePlan, index: int) -> Sent | None:
        item = await self.read_item(self.number)
        return Sent((None,)) if item and item.cancelled else None

    @override
    async def describe_done(self, plan: ChangePlan, sent: Sent) -> ChangeView:
        return reports.report_cancel(plan, sent, await self.read_item(self.number))

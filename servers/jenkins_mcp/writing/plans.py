"""Plans an operation on a job, build or queue item in its current state. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import Conflict, InvalidInput
from ci_mcp_kit.guard.change import Plan
from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.client import changes
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.guard.action import CANCEL, OPERATIONS, REPLAY, JenkinsAction
from jenkins_mcp.guard.parameters import BuildParameters, show_name
from jenkins_mcp.writing.parameters import FILE, PASSWORD, expected_values, has_values, read_parameters, write_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jenkins_mcp.client.models.builds import Action, Build
    from jenkins_mcp.client.models.jobs import Job, ParameterDefinition
    from jenkins_mcp.client.models.queue import Queue, QueueItem
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.writing.parameters import Given

WIDTH: Final = 120  # characters of a text that somebody wrote
ChangePlan = Plan[JenkinsAction]


@dataclass(frozen=True, kw_only=True)
class StartPlan(Plan[JenkinsAction]):
    """A plan that leads to a new build, with all by which that build is known afterwards.

    Attributes:
        expected: the values that it is to have, as far as Jenkins shows them.
        rebuilt: the number of the build that it repeats as Jenkins says it, 0 for none.
        next_number: the number that the next build of the job gets; those before it are older.
        known: the job's items that wait in the queue -> how many causes each has: an equal trigger adds one.
    """

    expected: Mapping[str, str] = field(default_factory=dict)
    rebuilt: int = 0
    next_number: int
    known: Mapping[int, int]

    def made(self, queue_id: int, actions: Iterable[Action]) -> bool:
        """Return whether a queue item, or the build that it became, comes from this plan."""
        entries = tuple(actions)
        causes = [cause for action in entries for cause in action.causes]
        if len(causes) <= self.known.get(queue_id, 0):
            return False
        if self.rebuilt:
            return any(cause.short_description == f"Rebuilt #{self.rebuilt}" for cause in causes)
        return has_values({value.name: value for action in entries for value in action.parameters}, self.expected)


def check_buildable(name: JobName, job: Job) -> None:
    """Refuse a job that has no builds, or may not be built now.

    Raises:
        InvalidInput: it contains jobs.
        Conflict: it is disabled.
    """
    if job.buildable is None or job.is_a("WorkflowMultiBranchProject") or job.is_a("OrganizationFolder"):
        raise InvalidInput(
            f"{name} contains jobs and has no builds itself",
            next_step=f"Name one of its jobs or branches: jenkins_list_jobs with folder {name} lists them",
            service=JENKINS,
        )
    if job.disabled or not job.buildable:
        raise Conflict(
            f"{name} is disabled",
            next_step="A disabled job cannot be built until a person enables it",
            retryable=False,
            service=JENKINS,
        )


def plan_trigger(jenkins: str, name: JobName, job: Job, queue: Queue, given: Mapping[str, Given]) -> StartPlan:
    """Put a build of a job into the queue, with these parameters.

    Raises:
        InvalidInput: the job has no builds, or does not take the parameters.
        Conflict: it is disabled.
    """
    check_buildable(name, job)
    definitions = job.parameters()
    form = read_parameters(str(name), definitions, given)
    passwords = frozenset(definition.name for definition in definitions if definition.type == PASSWORD)
    additions = BuildParameters(params=form, passwords=passwords)
    additions.check()
    takes_parameters = bool(definitions)
    action = JenkinsAction(
        operation=OPERATIONS["trigger"],
        jenkins=jenkins,
        job=name,
        verb=changes.trigger_verb(takes_parameters),
        form=form,
        state=tuple((one.name, one.type, list(one.choices)) for one in definitions),
        additions=additions,
    )
    waiting = _known_items(name, queue)
    return StartPlan(
        action=action,
        calls=(changes.trigger_build(name, form, takes_parameters=takes_parameters),),
        effect=f"build {name}",
        notes=tuple(_note_trigger(job, definitions, dict(form), len(waiting))),
        expected=expected_values(definitions, form),
        next_number=job.next_build_number,
        known=waiting,
    )


def _note_trigger(
    job: Job, definitions: Iterable[ParameterDefinition], sent: Mapping[str, str], waiting: int
) -> Iterable[str]:
    left_out = [show_name(one.name) for one in definitions if one.name not in sent and one.type != FILE]
    if left_out:
        yield f"Left to their defaults: {', '.join(left_out[:20])}"
    for one in definitions:
        if one.type == PASSWORD and one.name in sent:
            yield f"{show_name(one.name)} is a password, and Jenkins does not mask it in the log of the build"
        if one.type == FILE:
            yield f"{show_name(one.name)} is a file, which cannot be sent from here: the build runs without it"
    if waiting and not job.concurrent_build:
        yield f"In the queue already: {waiting} of it; Jenkins joins this one to an equal one"


def _known_items(name: JobName, queue: Queue) -> dict[int, int]:
    return {
        item.id: sum(len(action.causes) for action in item.actions)
        for item in queue.items
        if item.task and item.task.full_name == str(name)
    }


def plan_rebuild(jenkins: str, name: JobName, job: Job, queue: Queue, build: Build) -> StartPlan:
    """Run a build again with its parameters; of a pipeline with its script as well.

    Raises:
        InvalidInput: the job has no builds, or a parameter of the build cannot be read back.
        Conflict: it is disabled.
    """
    check_buildable(name, job)
    is_pipeline = build.is_a("WorkflowRun")
    form = () if is_pipeline else _read_back(name, job, build)
    takes_parameters = bool(job.parameters())
    call = (
        changes.rebuild_pipeline(name, build.number)
        if is_pipeline
        else changes.trigger_build(name, form, takes_parameters=takes_parameters, operation="builds.rebuild")
    )
    action = JenkinsAction(
        operation=OPERATIONS["rebuild"],
        jenkins=jenkins,
        job=name,
        number=build.number,
        verb=REPLAY if is_pipeline else changes.trigger_verb(takes_parameters),
        form=form,
        state=(build.result,),
    )
    notes = [] if build.is_over else [f"Build {build.number} still runs; both may run side by side"]
    dropped = sorted(set(build.parameters()) - {one.name for one in job.parameters()})
    if dropped and not is_pipeline:
        notes.append(f"The job no longer declares {', '.join(map(show_name, dropped[:20]))}, which are left out")
    return StartPlan(
        action=action,
        calls=(call,),
        effect=f"run build {build.number} of {name} again as a new build with the same parameters",
        notes=tuple(notes),
        expected=dict(form),
        rebuilt=build.number if is_pipeline else 0,
        next_number=job.next_build_number,
        known=_known_items(name, queue),
    )


def _read_back(name: JobName, job: Job, build: Build) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a build as the job takes them now."""
    declared = {one.name for one in job.parameters()}
    kept = {key: value for key, value in build.parameters().items() if key in declared}
    hidden = [show_name(key) for key, value in kept.items() if value.value is None]
    if hidden:
        raise InvalidInput(
            f"Jenkins does not show what build {build.number} of {name} had for {', '.join(hidden)}",
            next_step="Call jenkins_trigger_build with all parameters instead",
            service=JENKINS,
        )
    given: dict[str, Given] = {
        key: write_value(value.value) if isinstance(value.value, bool) else str(value.value)
        for key, value in kept.items()
    }
    return read_parameters(str(name), job.parameters(), given)


def plan_stop(jenkins: str, name: JobName, build: Build, verb: str) -> ChangePlan:
    """Stop a build that runs; one that is over stays as it is.

    Raises:
        InvalidInput: the build is of no pipeline, and is to be ended as only a pipeline can.
    """
    if verb != "stop" and not build.is_a("WorkflowRun"):
        raise InvalidInput(
            f"{name} is not a pipeline, and only a pipeline can be ended by {verb}",
            next_step="Leave how out",
            service=JENKINS,
        )
    action = JenkinsAction(
        operation=OPERATIONS["stop"],
        jenkins=jenkins,
        job=name,
        number=build.number,
        verb=verb,
        state=(build.is_over,),
    )
    called = f"build {build.number} of {name}"
    if build.is_over:
        return ChangePlan(action=action, effect="", nothing=f"{called} is {build.result} already; nothing is to stop")
    started = "; ".join(one_line(cause.short_description, WIDTH) for cause in build.causes()[:3])
    ways = {"stop": "stop", "term": "end the running steps of", "kill": "kill, without letting it clean up,"}
    return ChangePlan(
        action=action,
        calls=(changes.stop_build(name, build.number, verb),),
        effect=f"{ways[verb]} {called}" + (f" ({started})" if started else ""),
        notes=("What it has not finished is lost; it cannot be resumed, only run again as a new build",),
    )


def plan_cancel(jenkins: str, name: JobName, item: QueueItem) -> ChangePlan:
    """Take an item out of the queue, unless it has left it."""
    action = JenkinsAction(
        operation=OPERATIONS["cancel"],
        jenkins=jenkins,
        job=name,
        number=item.id,
        verb=CANCEL,
        form=(("id", str(item.id)),),
        state=(item.has_left,),
    )
    if item.has_left:
        became = f"became build {item.executable.number}" if item.executable else "has left the queue"
        nothing = f"queue item {item.id} of {name} {'was cancelled already' if item.cancelled else became}"
        return ChangePlan(action=action, effect="", nothing=nothing)
    why = one_line(item.why, WIDTH)
    return ChangePlan(
        action=action,
        calls=(changes.cancel_item(name, item.id),),
        effect=f"cancel queue item {item.id} of {name}" + (f", which waits: {why}" if why else ""),
    )

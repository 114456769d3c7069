"""Describes a job. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.formatting import format_time, show_parameter, whole_seconds
from jenkins_mcp.jobs.kinds import is_running, kind_of, last_result
from jenkins_mcp.jobs.views import JobLine, JobView, LastBuild, Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.models.jobs import BuildLink, Job, ParameterDefinition

NAME_WIDTH: Final = 200  # characters of a display name
WIDTH: Final = 300  # characters of a text that somebody wrote
VALUE_WIDTH: Final = 100  # characters of a default or a choice
MOST_PARAMETERS: Final = 50
MOST_CHOICES: Final = 30
MOST_JOBS: Final = 20  # of a folder; a list shows more

# jenkinsci/jenkins, core/src/main/java/hudson/model/*ParameterDefinition.java
_TYPES: Final = {
    "StringParameterDefinition": "string",
    "TextParameterDefinition": "text",
    "BooleanParameterDefinition": "boolean",
    "ChoiceParameterDefinition": "choice",
    "PasswordParameterDefinition": "password",
    "FileParameterDefinition": "file",
    "RunParameterDefinition": "run",
}


def describe_line(job: Job) -> JobLine:
    """Return a job as a list shows it."""
    return JobLine(
        name=job.full_name,
        kind=kind_of(job),
        display_name=one_line(job.display_name, NAME_WIDTH) if job.display_name != job.name else "",
        last_result=last_result(job),
        running=is_running(job) or None,
        queued=job.in_queue or None,
        disabled=job.disabled or None,
    )


def describe_job(job: Job, *, inside: Sequence[Job], has_more: bool, page: str) -> JobView:
    """Return the view of a job or folder.

    Args:
        job: as Jenkins answered.
        inside: the jobs in a folder that may be seen.
        has_more: whether the folder has more of them.
        page: the address of its page.
    """
    parameters = job.parameters()
    left_out = [f"{len(parameters) - MOST_PARAMETERS} parameters"] if len(parameters) > MOST_PARAMETERS else []
    return JobView(
        job=job.full_name,
        kind=kind_of(job),
        display_name=one_line(job.display_name, NAME_WIDTH) if job.display_name != job.name else "",
        description=one_line(job.description, WIDTH),
        disabled=job.disabled or None,
        queued=one_line(job.queue_item.why, WIDTH) if job.queue_item else "",
        health=tuple(f"{one_line(report.description, WIDTH)} ({report.score} %)" for report in job.health_report),
        last=_describe_last(job.last_build),
        last_completed=_describe_last(job.last_completed_build),
        last_successful=_describe_last(job.last_successful_build),
        last_failed=_describe_last(job.last_failed_build),
        parameters=tuple(map(_describe_parameter, parameters[:MOST_PARAMETERS])),
        jobs=tuple(map(describe_line, inside)),
        left_out=", ".join(left_out),
        page=page,
        next_step="List the rest with jenkins_list_jobs" if has_more else "",
    )


def _describe_last(build: BuildLink | None) -> LastBuild | None:
    if build is None:
        return None
    running = build.building or bool(build.in_progress)
    return LastBuild(
        number=build.number,
        result=build.result,
        running=running or None,
        started=format_time(build.timestamp),
        seconds=None if running else whole_seconds(build.duration),
    )


def _describe_parameter(definition: ParameterDefinition) -> Parameter:
    kind = parameter_type(definition)
    default = definition.default_parameter_value
    value = default.value if default else None
    # A plugin's own kinds may be hidden from people who fill in the form; what is hidden here is a value.
    hidden = kind == "password" or (default is not None and value is None and kind != "run")
    takes = {
        "boolean": "true or false",
        "file": "a file, which no tool here sends",
        "run": f"a build of {definition.project_name}, like {definition.project_name}#12",
    }
    more = len(definition.choices) - MOST_CHOICES
    return Parameter(
        name=definition.name,
        type=kind,
        default="" if value is None else show_parameter(definition.name, value)[:VALUE_WIDTH],
        choices=tuple(one_line(choice, VALUE_WIDTH) for choice in definition.choices[:MOST_CHOICES]),
        takes=takes.get(kind, "") + (f"; {more} more choices are left out" if more > 0 else ""),
        hidden=hidden or None,
        description=one_line(definition.description, WIDTH),
    )


def parameter_type(definition: ParameterDefinition) -> str:
    """Return the type of a parameter in a word; a plugin's own is named by its class."""
    return _TYPES.get(definition.type) or definition.type.removesuffix("ParameterDefinition") or "string"

"""Jobs and folders, and the parameters of a job (jenkinsci/jenkins, core/src/main/java/hudson/model/Job.java)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jenkins_mcp.client.models.base import JenkinsModel, Many, Text, Thing


class BuildLink(Thing):
    """A build as a job names it."""

    number: int = 0
    result: Text = ""
    building: bool = False
    in_progress: bool | None = None
    timestamp: int = 0
    duration: int = 0


class HealthReport(JenkinsModel):
    """One line of a job's weather; `score` is a percentage."""

    description: str = ""
    score: int = 0


class DefaultValue(Thing):
    """The default of a parameter; `value` is None where Jenkins does not show it, as for passwords and runs."""

    name: str = ""
    value: str | bool | None = None


class ParameterDefinition(Thing):
    """A parameter that a job takes.

    `type` is the simple name of its class (`ChoiceParameterDefinition`); plugins bring further ones. `choices` are
    those of a choice, the first being its default; `project_name` and `filter` say which builds a run parameter takes.
    """

    name: str
    type: str = ""
    description: Text = ""
    choices: Many[str] = ()
    project_name: Text = ""
    filter: Text = ""
    default_parameter_value: DefaultValue | None = None


class JobProperty(Thing):
    """A property of a job; the one that matters here holds its parameters."""

    parameter_definitions: Many[ParameterDefinition] = ()


class QueueLink(JenkinsModel):
    """The queue item of a job."""

    id: int
    why: Text = ""


class Job(Thing):
    """A job, a folder, or a project with branches: what has `jobs` is a container.

    `color` says how the last build ended (`blue`, `yellow`, `red`, `aborted`, `notbuilt`, `disabled`), with `_anime`
    while one runs. A folder has neither color nor builds, and its `disabled` and `buildable` are None.
    """

    name: str = ""
    full_name: str = ""
    display_name: Text = ""
    description: Text = ""
    color: Text = ""
    buildable: bool | None = None
    disabled: bool | None = None
    in_queue: bool = False
    concurrent_build: bool = False
    next_build_number: int = 0
    queue_item: QueueLink | None = None
    health_report: Many[HealthReport] = ()
    last_build: BuildLink | None = None
    last_completed_build: BuildLink | None = None
    last_successful_build: BuildLink | None = None
    last_failed_build: BuildLink | None = None
    properties: Annotated[Many[JobProperty], Field(alias="property")] = ()
    jobs: tuple[Job, ...] | None = None
    builds: Many[BuildLink] = ()
    all_builds: Many[BuildLink] = ()

    @property
    def is_container(self) -> bool:
        """Whether it contains jobs instead of having builds; only known where `jobs` was asked for."""
        return self.jobs is not None

    def parameters(self) -> tuple[ParameterDefinition, ...]:
        """Return the parameters that it takes, in order."""
        return tuple(definition for entry in self.properties for definition in entry.parameter_definitions)

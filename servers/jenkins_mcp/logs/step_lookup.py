"""Finds the steps of a pipeline by the name of their stage, and those that failed (stage view plugin)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.client import calls
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.reports import Stage, StageStep
    from jenkins_mcp.client.names import JobName

NAME: Final = 60  # characters of a name that are shown
WHAT: Final = 100  # of what a step was given
MOST_STAGES: Final = 4  # each costs a request
LISTED: Final = 20
FAILED: Final = frozenset({"FAILED", "UNSTABLE", "ABORTED"})
PLUGIN: Final = "stages are known where Jenkins has the stage view plugin (pipeline-rest-api)"


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step of a pipeline; without `step`, the log of the whole build or a stage that failed without a step."""

    stage: Stage | None = None
    step: StageStep | None = None
    node: str = ""

    @property
    def status(self) -> str:
        """How it ended, in the words of the stage view plugin."""
        held = self.step or self.stage
        return held.status if held else ""

    @property
    def label(self) -> str:
        """Names and node."""
        fields = self.fields()
        return " / ".join(part for part in (fields["stage"], fields["name"], fields["step"]) if part)

    def fields(self, note: str = "") -> dict[str, Any]:
        """Return the fields that every view of a step has."""
        name = ""
        if self.step:
            given = one_line(self.step.parameter_description, WHAT)
            name = one_line(self.step.name, NAME) + (f": {given}" if given else "")
        return {
            "stage": one_line(self.stage.name, NAME) if self.stage else "",
            "step": self.node,
            "name": name,
            "status": self.status,
            "note": note,
        }


CONSOLE: Final = StepRef()


async def list_stages(client: JenkinsClient, job: JobName, build: int) -> tuple[Stage, ...]:
    """Return the stages of a build; none where it is no pipeline or Jenkins does not know them."""
    try:
        return (await client.send(calls.get_stages(job, build))).stages
    except NotFound:
        return ()


async def steps_of(client: JenkinsClient, job: JobName, build: int, stages: Sequence[Stage]) -> list[StepRef]:
    """Return the steps of stages, in order."""

    async def read(stage: Stage) -> list[StepRef]:
        details = await client.send(calls.get_stage(job, build, stage.id))
        return [StepRef(stage, step, step.id) for step in details.stage_flow_nodes]

    return [ref for refs in await for_each(stages, read) for ref in refs]


async def find_steps(client: JenkinsClient, job: JobName, build: int, wanted: str) -> list[StepRef]:
    """Return the steps of the stage of a name, or what has the node of this number.

    Raises:
        NotFound: there is no such stage, or it has no steps.
    """
    wanted = wanted.strip()
    stages = await list_stages(client, job, build)
    meant = [stage for stage in stages if wanted == stage.id or wanted.casefold() == stage.name.casefold()]
    found = await steps_of(client, job, build, meant[:MOST_STAGES])
    if not found and not meant and wanted.isascii() and wanted.isdecimal():
        return [StepRef(node=wanted)]
    if found:
        return found
    names = ", ".join(dict.fromkeys(one_line(stage.name, NAME) for stage in stages[:LISTED]))
    said = "has no steps of its own" if meant else "is not one of its stages" if stages else "cannot be looked up"
    raise NotFound(
        f"Stage {quote_input(wanted)} of {job} #{build} {said}",
        next_step=f"It has the stages {names}"
        if names
        else f"Leave out stage for the log of the whole build: {PLUGIN}",
        service=JENKINS,
    )

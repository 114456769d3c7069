"""Exports Jenkins itself, jobs and nodes as the API does. Only fields that clients ask for by `tree` are here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from jenkins_mcp_simulator.build_exports import export_build
from jenkins_mcp_simulator.export_values import constants, full_display_name, job_url
from jenkins_mcp_simulator.parameter_exports import export_parameter
from jenkins_mcp_simulator.records import JAVA_CLASSES
from jenkins_mcp_simulator.tree import Exported, ExportedList
from jenkins_mcp_simulator.wait_reasons import why
from jenkins_mcp_simulator.world import PERMALINKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from jenkins_mcp_simulator.records import Build, Job
    from jenkins_mcp_simulator.world import Node, World

NEWEST: Final = 100  # `builds`; `allBuilds` has all of them
COLORS: Final = {
    "SUCCESS": "blue",
    "UNSTABLE": "yellow",
    "FAILURE": "red",
    "ABORTED": "aborted",
    "NOT_BUILT": "notbuilt",
    None: "notbuilt",
}


def export_root(world: World, visible: Callable[[Job], list[Job]]) -> Exported:
    """Return Jenkins itself; `visible` returns the jobs of a folder that the caller may see."""
    return Exported(
        "hudson.model.Hudson",
        {
            "mode": lambda: "NORMAL",
            "description": lambda: None,
            "quietingDown": lambda: world.quieting_down,
            "jobs": lambda: _jobs(world, world.root, visible),
        },
    )


def export_job(world: World, job: Job, visible: Callable[[Job], list[Job]]) -> Exported:
    """Return a job or folder; `visible` returns the jobs of a folder that the caller may see."""
    fields: dict[str, Any] = {
        "name": lambda: job.name,
        "fullName": lambda: job.full_name,
        "displayName": lambda: job.display_name or job.name,
        "fullDisplayName": lambda: full_display_name(job),
        "description": lambda: job.description,
        "url": lambda: job_url(world, job),
    }
    if job.is_container:
        fields["jobs"] = lambda: _jobs(world, job, visible)
        return Exported(JAVA_CLASSES[job.kind], fields)
    fields |= {
        "color": lambda: color(job),
        "buildable": lambda: not job.disabled,
        "disabled": lambda: job.disabled,
        "inQueue": lambda: any(item.job is job for item in world.waiting()),
        "queueItem": lambda: _queue_link(world, job),
        "concurrentBuild": lambda: job.concurrent,
        "nextBuildNumber": lambda: job.next_number,
        "healthReport": lambda: _health(job),
        "property": lambda: _properties(job),
        "builds": lambda: _builds(world, job.builds[-NEWEST:]),
        "allBuilds": lambda: _builds(world, job.builds),
        **{name: partial(_permalink, world, job, name) for name in PERMALINKS},
    }
    return Exported(JAVA_CLASSES[job.kind], fields)


def _jobs(world: World, folder: Job, visible: Callable[[Job], list[Job]]) -> ExportedList:
    return ExportedList(visible(folder), lambda job: export_job(world, job, visible))


def _builds(world: World, builds: list[Build]) -> ExportedList:
    return ExportedList(builds[::-1], partial(export_build, world))


def _permalink(world: World, job: Job, name: str) -> Exported | None:
    build = world.find_build(job, name)
    return export_build(world, build) if build else None


def _queue_link(world: World, job: Job) -> Exported | None:
    item = next((item for item in world.waiting() if item.job is job), None)
    return Exported(None, constants(id=item.id, why=why(world, item))) if item else None


def color(job: Job) -> str:
    """Return how the last finished build ended, with `_anime` while one runs."""
    if job.disabled:
        return "disabled"
    ended = next((build for build in reversed(job.builds) if not build.is_running), None)
    running = any(build.is_running for build in job.builds)
    return COLORS[ended.result if ended else None] + ("_anime" if running else "")


def export_nodes(world: World) -> Exported:
    """Return the machines."""
    return Exported(
        "hudson.model.ComputerSet",
        {
            "busyExecutors": lambda: sum(len(node.builds) for node in world.nodes),
            "totalExecutors": lambda: sum(node.executors for node in world.nodes),
            "computer": lambda: [_export_node(node) for node in world.nodes],
        },
    )


def _export_node(node: Node) -> Exported:
    fields = constants(
        displayName=node.name,
        offline=bool(node.offline),
        offlineCauseReason=node.offline,
        temporarilyOffline=False,
        idle=not node.builds,
        numExecutors=node.executors,
        assignedLabels=[Exported(None, constants(name=label)) for label in node.labels],
    )
    built_in = node.name == "Built-In Node"
    return Exported("hudson.model.Hudson$MasterComputer" if built_in else "hudson.slaves.SlaveComputer", fields)


def _health(job: Job) -> list[Exported]:
    ended = [build for build in job.builds if not build.is_running][-5:]
    if not ended:
        return []
    failed = sum(build.result == "FAILURE" for build in ended)
    score = 100 - 100 * failed // len(ended)
    how = f"{failed} out of the last {len(ended)} builds failed." if 0 < failed < len(ended) else ""
    text = how or ("All recent builds failed." if failed else "No recent builds failed.")
    return [Exported(None, constants(description=f"Build stability: {text}", score=score))]


def _properties(job: Job) -> list[Exported]:
    if not job.parameters:
        return []
    definitions = [export_parameter(parameter) for parameter in job.parameters]
    return [Exported("hudson.model.ParametersDefinitionProperty", constants(parameterDefinitions=definitions))]

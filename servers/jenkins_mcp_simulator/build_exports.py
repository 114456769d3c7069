"""Exports a build as the API does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jenkins_mcp_simulator.export_values import constants, full_display_name, job_url, millis
from jenkins_mcp_simulator.parameter_exports import export_causes, export_values
from jenkins_mcp_simulator.report_exports import export_tests
from jenkins_mcp_simulator.tree import Exported

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Build
    from jenkins_mcp_simulator.world import World


def export_build(world: World, build: Build) -> Exported:
    """Return a build. Everything is looked up when it is asked for: a list may export thousands of builds."""
    job = build.job
    fields: dict[str, Any] = {
        "number": lambda: build.number,
        "id": lambda: str(build.number),
        "url": lambda: f"{job_url(world, job)}{build.number}/",
        "displayName": lambda: build.display_name or f"#{build.number}",
        "fullDisplayName": lambda: f"{full_display_name(job)} #{build.number}",
        "description": lambda: build.description,
        "result": lambda: build.result,
        "building": lambda: build.is_running,
        "inProgress": lambda: build.is_running,
        "timestamp": lambda: millis(build.started),
        "duration": lambda: millis(build.ended - build.started) if build.ended else 0,
        "estimatedDuration": lambda: millis(estimate) if (estimate := _estimate(build)) > 0 else -1,
        "queueId": lambda: build.queue_id,
        "keepLog": lambda: False,
        "executor": lambda: _executor(world, build),
        "actions": lambda: _actions(build),
        "artifacts": lambda: [] if build.is_running else [_artifact(path) for path in build.plan.artifacts],
        "culprits": list,
        "previousBuild": lambda: _neighbour(world, build, -1),
        "nextBuild": lambda: _neighbour(world, build, 1),
    }
    if job.kind == "pipeline":
        fields["changeSets"] = lambda: [_git_changes(build)] if build.plan.changes else []
        return Exported("org.jenkinsci.plugins.workflow.job.WorkflowRun", fields)
    empty = Exported("hudson.scm.EmptyChangeLogSet", constants(items=[], kind=None))
    fields |= {"changeSet": lambda: _git_changes(build) if build.plan.changes else empty, "builtOn": lambda: ""}
    return Exported("hudson.model.FreeStyleBuild", fields)


def _neighbour(world: World, build: Build, step: int) -> Exported | None:
    """Return the build after or before another one of its job."""
    builds = build.job.builds
    at = builds.index(build) + step
    return export_build(world, builds[at]) if 0 <= at < len(builds) else None


def _executor(world: World, build: Build) -> Exported | None:
    if not any(build in node.builds for node in world.nodes):
        return None
    estimate = _estimate(build)
    elapsed = world.now() - build.started
    progress = min(99, int(100 * elapsed / estimate)) if estimate > 0 else -1
    return Exported(None, constants(number=0, progress=progress, likelyStuck=False))


def _artifact(path: str) -> Exported:
    name = path.rpartition("/")[2]
    return Exported(None, constants(displayPath=name, fileName=name, relativePath=path))


def _git_changes(build: Build) -> Exported:
    changes = [
        Exported(
            "hudson.plugins.git.GitChangeSet",
            constants(**{**change, "author": Exported(None, constants(fullName=change.get("author", "")))}),
        )
        for change in build.plan.changes
    ]
    return Exported("hudson.plugins.git.GitChangeSetList", constants(items=changes, kind="git"))


def _estimate(build: Build) -> float:
    """Return how long Jenkins thinks that a build takes: the mean of the last three that succeeded, in seconds."""
    ended = [other for other in build.job.builds if other.result == "SUCCESS" and other.ended and other is not build]
    if not ended:
        return build.ended - build.started if build.ended else -1
    return sum((other.ended or 0) - other.started for other in ended[-3:]) / len(ended[-3:])


def _actions(build: Build) -> list[Exported]:
    parameters = export_values(build.job, build.parameters)
    shown = [Exported("hudson.model.ParametersAction", constants(parameters=parameters))] if parameters else []
    shown += [export_causes(build.causes), Exported(None)]
    if build.stopped_by and not build.is_running:
        cause = Exported(
            "jenkins.model.CauseOfInterruption$UserInterruption",
            constants(shortDescription=f"Aborted by {build.stopped_by}"),
        )
        shown.append(Exported("jenkins.model.InterruptedBuildAction", constants(causes=[cause])))
    if build.plan.tests and not build.is_running:
        report = export_tests(build).fields
        total = len(build.plan.tests)
        shown.append(
            Exported(
                "hudson.tasks.junit.TestResultAction",
                {
                    "failCount": report["failCount"],
                    "skipCount": report["skipCount"],
                    **constants(totalCount=total, urlName="testReport"),
                },
            )
        )
    return shown

"""What the API shows of jobs, builds and the queue. Only fields that clients ask for by `tree` are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jenkins_mcp_simulator.records import JAVA_CLASSES
from jenkins_mcp_simulator.tree import Exported
from jenkins_mcp_simulator.waiting import why
from jenkins_mcp_simulator.world import PERMALINKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jenkins_mcp_simulator.records import Build, Job, Parameter
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
_PARAMETER_CLASSES: Final = {
    "string": "String",
    "boolean": "Boolean",
    "choice": "Choice",
    "text": "Text",
    "password": "Password",
    "file": "File",
    "run": "Run",
}
_VALUE_CLASSES: Final = {**_PARAMETER_CLASSES, "choice": "String"}
HIDDEN_VALUES: Final = ("password", "run", "file")


def millis(seconds: float | None) -> int:
    """Return milliseconds."""
    return round((seconds or 0) * 1000)


def export_root(world: World, visible: list[Job]) -> Exported:
    """Return Jenkins itself with the jobs at the top that the caller may see."""
    return Exported(
        "hudson.model.Hudson",
        {
            "mode": lambda: "NORMAL",
            "description": lambda: None,
            "quietingDown": lambda: world.quieting_down,
            "jobs": lambda: [export_job(world, job, list(job.children.values())) for job in visible],
        },
    )


def export_job(world: World, job: Job, visible: list[Job]) -> Exported:
    """Return a job or folder; `visible` are the jobs in it that the caller may see."""
    fields: dict[str, Any] = {
        "name": lambda: job.name,
        "fullName": lambda: job.full_name,
        "displayName": lambda: job.display_name or job.name,
        "fullDisplayName": lambda: " » ".join(job.full_name.split("/")),
        "description": lambda: job.description,
        "url": lambda: job_url(world, job),
    }
    if job.is_container:
        fields["jobs"] = lambda: [export_job(world, child, list(child.children.values())) for child in visible]
        return Exported(JAVA_CLASSES[job.kind], fields)
    item = next((item for item in world.waiting() if item.job is job), None)
    newest = list(reversed(job.builds))
    fields |= {
        "color": lambda: color(job),
        "buildable": lambda: not job.disabled,
        "disabled": lambda: job.disabled,
        "inQueue": lambda: item is not None,
        "queueItem": lambda: Exported(None, constants(id=item.id, why=why(world, item))) if item else None,
        "concurrentBuild": lambda: job.concurrent,
        "nextBuildNumber": lambda: job.next_number,
        "healthReport": lambda: _health(job),
        "property": lambda: _properties(job),
        "builds": lambda: [export_build(world, build) for build in newest[:NEWEST]],
        "allBuilds": lambda: [export_build(world, build) for build in newest],
    }
    for name in PERMALINKS:
        found = world.find_build(job, name)
        fields[name] = lambda found=found: export_build(world, found) if found else None
    return Exported(JAVA_CLASSES[job.kind], fields)


def color(job: Job) -> str:
    """Return how the last finished build ended, with `_anime` while one runs."""
    if job.disabled:
        return "disabled"
    ended = next((build for build in reversed(job.builds) if not build.is_running), None)
    running = any(build.is_running for build in job.builds)
    return COLORS[ended.result if ended else None] + ("_anime" if running else "")


def job_url(world: World, job: Job) -> str:
    """Return the address of a job's page, made from the configured root address."""
    from urllib.parse import quote  # noqa: PLC0415 - only here

    parts = job.full_name.split("/") if job.full_name else []
    return world.root_url + "".join(f"job/{quote(part)}/" for part in parts)


def export_parameter(parameter: Parameter) -> Exported:
    """Return the definition of a parameter."""
    name = f"{_PARAMETER_CLASSES[parameter.type]}ParameterDefinition"
    value_class = f"hudson.model.{_VALUE_CLASSES[parameter.type]}ParameterValue"
    default = parameter.choices[0] if parameter.choices else parameter.default
    shown = {"name": lambda: parameter.name}
    if parameter.type not in HIDDEN_VALUES:
        shown["value"] = lambda: default  # type: ignore[assignment, return-value]  # of the parameter's own type
    fields: dict[str, Any] = {
        "name": lambda: parameter.name,
        "type": lambda: name,
        "description": lambda: parameter.description,
        "defaultParameterValue": lambda: None if parameter.type == "file" else Exported(value_class, shown),
    }
    if parameter.type == "choice":
        fields["choices"] = lambda: list(parameter.choices)
    if parameter.type == "run":
        fields |= {"projectName": lambda: parameter.project, "filter": lambda: "ALL"}
    return Exported(f"hudson.model.{name}", fields)


def export_build(world: World, build: Build) -> Exported:
    """Return a build."""
    job, plan = build.job, build.plan
    is_pipeline = job.kind == "pipeline"
    newest_first = list(reversed(job.builds))
    at = newest_first.index(build)
    estimate = _estimate(build)
    node = next((node for node in world.nodes if build in node.builds), None)

    def progress() -> int:
        elapsed = world.now() - build.started
        return min(99, int(100 * elapsed / estimate)) if estimate > 0 else -1

    fields: dict[str, Any] = {
        "number": lambda: build.number,
        "id": lambda: str(build.number),
        "url": lambda: f"{job_url(world, job)}{build.number}/",
        "displayName": lambda: build.display_name or f"#{build.number}",
        "fullDisplayName": lambda: f"{' » '.join(job.full_name.split('/'))} #{build.number}",
        "description": lambda: build.description,
        "result": lambda: build.result,
        "building": lambda: build.is_running,
        "inProgress": lambda: build.is_running,
        "timestamp": lambda: millis(build.started),
        "duration": lambda: millis(build.ended - build.started) if build.ended else 0,
        "estimatedDuration": lambda: millis(estimate) if estimate > 0 else -1,
        "queueId": lambda: build.queue_id,
        "keepLog": lambda: False,
        "executor": lambda: (
            Exported(None, {"number": lambda: 0, "progress": progress, "likelyStuck": lambda: False}) if node else None
        ),
        "actions": lambda: _actions(build),
        "artifacts": lambda: (
            [
                Exported(
                    None,
                    constants(displayPath=path.rpartition("/")[2], fileName=path.rpartition("/")[2], relativePath=path),
                )
                for path in plan.artifacts
            ]
            if not build.is_running
            else []
        ),
        "culprits": list,
        "previousBuild": lambda: export_build(world, newest_first[at + 1]) if at + 1 < len(newest_first) else None,
        "nextBuild": lambda: export_build(world, newest_first[at - 1]) if at else None,
    }
    changes = [
        Exported(
            "hudson.plugins.git.GitChangeSet",
            constants(**{**change, "author": Exported(None, constants(fullName=change.get("author", "")))}),
        )
        for change in plan.changes
    ]
    if is_pipeline:
        sets = (
            [Exported("hudson.plugins.git.GitChangeSetList", constants(items=changes, kind="git"))] if changes else []
        )
        fields["changeSets"] = lambda: sets
        return Exported("org.jenkinsci.plugins.workflow.job.WorkflowRun", fields)
    empty = Exported("hudson.scm.EmptyChangeLogSet", constants(items=[], kind=None))
    with_git = Exported("hudson.plugins.git.GitChangeSetList", constants(items=changes, kind="git"))
    fields |= {"changeSet": lambda: with_git if changes else empty, "builtOn": lambda: ""}
    return Exported("hudson.model.FreeStyleBuild", fields)


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


def export_tests(build: Build) -> Exported:
    """Return the report of a build's tests."""
    tests = build.plan.tests
    suites: dict[str, list[Exported]] = {}
    for test in tests:
        since = _failed_since(build, test.name, test.class_name) if test.status in {"FAILED", "REGRESSION"} else 0
        case = constants(
            name=test.name,
            className=test.class_name,
            status=test.status,
            duration=test.duration,
            errorDetails=test.error,
            errorStackTrace=test.trace,
            skippedMessage=test.skipped,
            failedSince=since,
            age=build.number - since + 1 if since else 0,
        )
        suites.setdefault(test.suite, []).append(Exported(None, case))
    counts = {
        "failCount": sum(test.status in {"FAILED", "REGRESSION"} for test in tests),
        "skipCount": sum(test.status == "SKIPPED" for test in tests),
    }
    return Exported(
        "hudson.tasks.junit.TestResult",
        constants(
            **counts,
            passCount=len(tests) - sum(counts.values()),
            duration=sum(test.duration for test in tests),
            suites=[Exported(None, constants(name=name, cases=cases)) for name, cases in suites.items()],
        ),
    )


def constants(**values: Any) -> Mapping[str, Any]:
    """Return fields whose values are known already."""
    return {name: lambda value=value: value for name, value in values.items()}


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


def _failed_since(build: Build, name: str, class_name: str) -> int:
    """Return the first of the builds in a row up to this one in which the test fails."""
    since = build.number
    for earlier in reversed([other for other in build.job.builds if other.number < build.number]):
        found = [test for test in earlier.plan.tests if (test.name, test.class_name) == (name, class_name)]
        if not found or found[0].status not in {"FAILED", "REGRESSION"}:
            break
        since = earlier.number
    return since


def _estimate(build: Build) -> float:
    """Return how long Jenkins thinks that a build takes: the mean of the last three that succeeded, in seconds."""
    ended = [other for other in build.job.builds if other.result == "SUCCESS" and other.ended and other is not build]
    if not ended:
        return build.ended - build.started if build.ended else -1
    return sum((other.ended or 0) - other.started for other in ended[-3:]) / len(ended[-3:])


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


def export_values(job: Job, values: Mapping[str, object]) -> list[Exported]:
    """Return the values of parameters; those of passwords, runs and files are not shown."""
    types = {parameter.name: parameter.type for parameter in job.parameters}
    shown = []
    for name, value in values.items():
        kind = types.get(name, "string")
        fields = constants(name=name) if kind in HIDDEN_VALUES else constants(name=name, value=value)
        shown.append(Exported(f"hudson.model.{_VALUE_CLASSES[kind]}ParameterValue", fields))
    return shown


def export_causes(causes: list[dict[str, object]]) -> Exported:
    """Return the action that says why a build or item is there."""
    return Exported("hudson.model.CauseAction", constants(causes=[_cause(cause) for cause in causes]))


def _cause(cause: Mapping[str, object]) -> Exported:
    shown = {name: value for name, value in cause.items() if name != "_class"}
    return Exported(str(cause.get("_class", "hudson.model.Cause$UserIdCause")), constants(**shown))


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

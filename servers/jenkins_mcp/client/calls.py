"""Every request to Jenkins, as data. Pure.

Reads name the fields that they want (`tree`): without it Jenkins sends everything that a plugin thought of. Nothing is
asked for by `depth`. Ranges are half-open and count from 0; one more entry than the page holds tells whether there are
more, as Jenkins counts nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_http.call import Call, quote_input
from ci_mcp_http.response import Response, json_parser, parse_body
from ci_mcp_kit.errors import InvalidInput, UnexpectedAnswer
from jenkins_mcp.client.console import LogPart, is_multipart, read_multipart, read_progressive
from jenkins_mcp.client.models.builds import Build, BuildPage
from jenkins_mcp.client.models.jobs import Job
from jenkins_mcp.client.models.queue import Queue, QueueItem
from jenkins_mcp.client.models.reports import PendingInput, StageDetails, Stages, StoredArtifact, TestReport
from jenkins_mcp.client.models.system import Nodes, WhoAmI
from jenkins_mcp.client.names import JobName, build_path, build_segment
from jenkins_mcp.client.refusals import describe_refusal
from jenkins_mcp.client.server_time import Dated, parse_date
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from ci_mcp_http.call import Params, Reader

LONGEST_NODE: Final = 12  # digits
LONGEST_QUERY: Final = 6000  # characters; Jetty takes 8 KiB for the whole line of a request
STARTING: Final = 503

# Texts such as `why` are translated into the language of the request.
ENGLISH: Final = (("Accept-Language", "en"),)
TWO_PARTS: Final = (("Accept", "multipart/form-data"), *ENGLISH)
PLAIN: Final = (("Accept", "text/plain"), *ENGLISH)

BUILD_LINK: Final = "number,result,building,inProgress,timestamp,duration"
LISTED_JOB: Final = "_class,name,fullName,displayName,color,buildable,disabled,inQueue"
PARAMETERS: Final = (
    "property[_class,parameterDefinitions[_class,name,type,description,choices,projectName,filter,"
    "defaultParameterValue[_class,name,value]]]"
)
JOB: Final = (
    "_class,name,fullName,displayName,description,color,buildable,disabled,inQueue,concurrentBuild,nextBuildNumber,"
    f"queueItem[id,why],healthReport[description,score],lastBuild[{BUILD_LINK}],lastCompletedBuild[{BUILD_LINK}],"
    f"lastSuccessfulBuild[{BUILD_LINK}],lastFailedBuild[{BUILD_LINK}],{PARAMETERS}"
)
ACTIONS: Final = (
    "actions[_class,parameters[_class,name,value],causes[_class,shortDescription,userId,upstreamProject,upstreamBuild],"
    "failCount,skipCount,totalCount,urlName,lastBuiltRevision[SHA1],remoteUrls]"
)
CHANGES: Final = "kind,items[commitId,msg,author[fullName],timestamp,affectedPaths]{0,50}"
COMMITS: Final = "items[commitId]{0,50}"
FOUND_BUILD: Final = (
    f"_class,displayName,{BUILD_LINK},queueId,actions[_class,parameters[_class,name,value],"
    "causes[_class,shortDescription,userId,upstreamProject,upstreamBuild],lastBuiltRevision[SHA1]],"
    f"changeSet[{COMMITS}],changeSets[{COMMITS}]"
)
BUILD: Final = (
    "_class,number,displayName,fullDisplayName,description,result,building,inProgress,timestamp,duration,"
    f"estimatedDuration,queueId,builtOn,keepLog,executor[number,progress,likelyStuck],{ACTIONS},"
    f"changeSet[{CHANGES}],changeSets[{CHANGES}],culprits[fullName],previousBuild[number],nextBuild[number]"
)
QUEUE_ITEM: Final = (
    "_class,id,why,blocked,buildable,stuck,pending,cancelled,inQueueSince,buildableStartMilliseconds,timestamp,"
    f"task[_class,name,fullName,fullDisplayName],{ACTIONS},executable[number]"
)
NODES: Final = (
    "busyExecutors,totalExecutors,computer[_class,displayName,offline,offlineCauseReason,temporarilyOffline,idle,"
    "numExecutors,assignedLabels[name]]"
)
TEST_CASE: Final = "className,name,status,age,failedSince,duration,errorDetails,skippedMessage"


def who_am_i() -> Call[WhoAmI]:
    """Read who asks, in Jenkins' view; it needs no permission."""
    return _get("user.whoami", "the user", "/whoAmI/api/json", WhoAmI)


def is_starting() -> Call[bool]:
    """Ask whether Jenkins is still starting, by the page on which people log in; it needs no permission."""

    def read(_: Call[Any], response: Response) -> bool:
        # Jenkins' own page names it in a header, and is not shown before it has started.
        return response.status == STARTING or (response.is_success and "x-jenkins" not in response.headers)

    return Call(
        operation="system.login_page",
        subject="the page on which people log in",
        method="GET",
        path="/login",
        template="/login",
        read=read,
        headers=ENGLISH,
    )


def list_jobs(folder: JobName, start: int, count: int) -> Call[Job]:
    """Read a folder with a part of its jobs, by name; the answer has no `jobs` if it is a job itself."""
    # One child of each, by which a folder is known whatever its class.
    tree = f"_class,fullName,jobs[{LISTED_JOB},jobs[name]{{0,1}}]{_range(start, count)}"
    return _get_of_job("jobs.list", f"the jobs of {str(folder) or 'the top'}", folder, "", Job, tree)


def get_job(job: JobName) -> Call[Job]:
    """Read a job with its parameters and the last of its builds."""
    return _get_of_job("jobs.get", f"the job {job}", job, "", Job, JOB)


def list_builds(job: JobName, start: int, count: int) -> Call[Job]:
    """Read a part of all builds of a job, the newest first; a part far back is slow in Jenkins."""
    tree = f"fullName,allBuilds[{BUILD_LINK}]{_range(start, count)}"
    return _get_of_job("builds.list", f"the builds of {job}", job, "", Job, tree)


def search_builds(job: JobName, start: int, count: int) -> Call[BuildPage]:
    """Read a part of all builds of a job, the newest first, with all by which one can be found."""
    tree = f"fullName,allBuilds[{FOUND_BUILD}]{_range(start, count)}"
    return _get_of_job("builds.search", f"the builds of {job}", job, "", BuildPage, tree)


def get_build(job: JobName, build: int | str) -> Call[Dated[Build]]:
    """Read a build by its number or a permalink, with the time at which Jenkins says that it stood so."""
    call = _get_of_build("builds.get", "build", job, build, "", Build, BUILD)
    return replace(call, read=read_dated(call.read))


def list_artifacts(job: JobName, build: int | str, start: int, count: int) -> Call[Build]:
    """Read a part of the list of a build's artifacts, which has no sizes."""
    tree = f"number,artifacts[fileName,relativePath,displayPath]{_range(start, count)}"
    return _get_of_build("artifacts.list", "the artifacts of", job, build, "", Build, tree)


def list_stored_artifacts(job: JobName, build: int | str) -> Call[tuple[StoredArtifact, ...]]:
    """Read the artifacts of a pipeline's build with their sizes; only with the stage view plugin."""
    return _get_of_build(
        "artifacts.sizes", "the sizes of artifacts of", job, build, "/wfapi/artifacts", tuple[StoredArtifact, ...]
    )


def get_tests(job: JobName, build: int | str, start: int, count: int) -> Call[TestReport]:
    """Read the test report of a build with a part of the tests of each suite; only with the junit plugin."""
    tree = f"failCount,passCount,skipCount,duration,suites[name,cases[{TEST_CASE}]{_range(start, count)}]"
    return _get_of_build("tests.get", "the test report of", job, build, "/testReport", TestReport, tree)


def get_trace(job: JobName, build: int | str, suite: int, case: int) -> Call[TestReport]:
    """Read where a test failed, by the index of its suite and its own there."""
    tree = f"suites[cases[errorStackTrace]{_range(case, 1)}]{_range(suite, 1)}"
    return _get_of_build("tests.trace", "the test report of", job, build, "/testReport", TestReport, tree)


def get_stages(job: JobName, build: int | str) -> Call[Stages]:
    """Read the stages of a pipeline's build; only with the stage view plugin."""
    return _get_of_build("stages.list", "the stages of", job, build, "/wfapi/describe", Stages)


def get_stage(job: JobName, build: int | str, stage: str) -> Call[StageDetails]:
    """Read a stage with its steps."""
    return _get_of_build(
        "stages.get", f"stage {stage} of", job, build, f"/execution/node/{_node(stage)}/wfapi/describe", StageDetails
    )


def get_pending_inputs(job: JobName, build: int | str) -> Call[tuple[PendingInput, ...]]:
    """Read the questions at which a pipeline waits for a person."""
    path = "/wfapi/pendingInputActions"
    return _get_of_build("inputs.list", "the pending questions of", job, build, path, tuple[PendingInput, ...])


def get_queue() -> Call[Dated[Queue]]:
    """Read the queue, with the time at which Jenkins says that it stood so."""
    tree = f"items[{QUEUE_ITEM}],discoverableItems[task[name]]"
    call = _get("queue.list", "the queue", "/queue/api/json", Queue, tree)
    return replace(call, read=read_dated(call.read))


def get_queue_item(item: int) -> Call[Dated[QueueItem]]:
    """Read an item of the queue, with Jenkins' time; it is forgotten five minutes after it has left the queue."""
    call = _get(
        "queue.get",
        f"queue item {item}",
        f"/queue/item/{build_segment(item)}/api/json",
        QueueItem,
        QUEUE_ITEM,
        template="/queue/item/{id}/api/json",
    )
    return replace(call, read=read_dated(call.read))


def list_nodes() -> Call[Nodes]:
    """Read the machines that builds run on."""
    return _get("nodes.list", "the nodes", "/computer/api/json", Nodes, NODES)


def read_log_end(job: JobName, build: int | str, size: int, *, step: str = "") -> Call[LogPart]:
    """Read the last bytes of a build's console log from the beginning of a line on, or of a step's log.

    Jenkins before 2.534 answers in plain form: without a text, or with the whole log. The end of the part then says how
    long the log is.
    """

    def read(call: Call[Any], response: Response) -> LogPart:
        if not response.is_success:
            raise describe_refusal(call, response)
        return read_multipart(response) if is_multipart(response) else read_progressive(response, 0)

    return _get_log(job, build, step, -size, TWO_PARTS, read)


def read_log(job: JobName, build: int | str, start: int, *, step: str = "", enough: int = 0) -> Call[LogPart]:
    """Read the console log of a build from an offset on, or of a step's log.

    The plain form is asked for: of a running build the other one may leave out the beginning of a line and count it as
    sent (https://github.com/jenkinsci/jenkins/pull/27233).

    Args:
        job: whose build it is.
        build: a number or a permalink.
        start: an offset in the stored log.
        step: the node of a step.
        enough: bytes after which no more is read; 0: to the end.
    """

    def read(call: Call[Any], response: Response) -> LogPart:
        if not response.is_success:
            raise describe_refusal(call, response)
        return read_progressive(response, start)

    return replace(_get_log(job, build, step, start, PLAIN, read), enough=enough)


def measure_log(job: JobName, build: int | str, *, step: str = "") -> Call[LogPart]:
    """Return a part without text whose end is the length of the log."""

    def read(call: Call[Any], response: Response) -> LogPart:
        if not response.is_success:
            raise describe_refusal(call, response)
        return read_progressive(response, 0)

    return replace(_get_log(job, build, step, 0, PLAIN, read), operation="log.measure", method="HEAD")


@cache
def read_json(model: Any) -> Reader[Any]:
    """Return the reader of a call that is answered by `model`, the same one each time, so that calls compare equal."""
    parse = json_parser(model)

    def read(call: Call[Any], response: Response) -> Any:
        if not response.is_success:
            raise describe_refusal(call, response)
        # A page with status 200 is the sign-in of something before Jenkins.
        if response.is_web_page:
            raise UnexpectedAnswer(
                f"A web page came where Jenkins' API has {call.subject}",
                next_step="Check that JENKINS_URL is the address of Jenkins itself, and not of a sign-in page",
                status=response.status,
                service=JENKINS,
            )
        return parse_body(parse, response, call.subject, JENKINS)

    return read


@cache
def read_dated(read: Reader[Any]) -> Reader[Dated[Any]]:
    """Return a reader that adds Jenkins' time to what another one reads."""

    def read_with_date(call: Call[Any], response: Response) -> Dated[Any]:
        # A part of a second is left out of the header, and of no matter.
        date = parse_date(response.headers.get("date", ""))
        return Dated(read(call, response), date)

    return read_with_date


def _get(
    operation: str, subject: str, path: str, model: Any, tree: str = "", *, template: str = "", job: str | None = None
) -> Call[Any]:
    asked: Params = (("tree", tree),) if tree else ()
    is_long = len(tree) + len(path) > LONGEST_QUERY
    return Call(
        operation=operation,
        subject=subject,
        method="POST" if is_long else "GET",
        path=path,
        template=template or path,
        read=read_json(model),
        params=() if is_long else asked,
        form=asked if is_long else (),
        headers=ENGLISH,
        scope=job,
    )


def _get_of_job(operation: str, subject: str, job: JobName, path: str, model: Any, tree: str) -> Call[Any]:
    path += "/api/json"
    return _get(operation, subject, job.path + path, model, tree, template=job.template + path, job=str(job))


def _get_of_build(
    operation: str, what: str, job: JobName, build: int | str, path: str, model: Any, tree: str = ""
) -> Call[Any]:
    # The routes of the stage view plugin have no `tree`, and no /api/json either.
    path += "/api/json" if tree else ""
    return _get(
        operation,
        f"{what} {_show_build(job, build)}",
        build_path(job, build) + path,
        model,
        tree,
        template=_template(job, path),
        job=str(job),
    )


def _get_log(
    job: JobName, build: int | str, step: str, start: int, headers: Params, read: Reader[LogPart]
) -> Call[LogPart]:
    path = f"/execution/node/{_node(step)}/log/logText/progressiveText" if step else "/logText/progressiveText"
    of_step = f"step {step} of " if step else ""
    return Call(
        operation="log.read",
        subject=f"the log of {of_step}{_show_build(job, build)}",
        method="GET",
        path=build_path(job, build) + path,
        template=_template(job, path),
        read=read,
        params=(("start", str(start)),),
        headers=headers,
        scope=str(job),
    )


def _template(job: JobName, path: str) -> str:
    """Return a build's path with placeholders, for traces and metrics, which must not name a job."""
    parts = path.split("/")
    return f"{job.template}/{{number}}" + "/".join("{id}" if part.isdecimal() else part for part in parts)


def _range(start: int, count: int) -> str:
    return f"{{{start},{start + count}}}"


def _node(text: str) -> str:
    """Return the id of a stage or step as a segment: it is a number in Jenkins, and comes from a caller."""
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_NODE):
        raise InvalidInput(
            f"{quote_input(text)} is not the id of a stage or step", next_step="Give one of the list of stages"
        )
    return text


def _show_build(job: JobName, build: int | str) -> str:
    return f"{job} #{build}" if isinstance(build, int) else f"{build} of {job}"

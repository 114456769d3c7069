"""Each recorded answer that our requests concern is read, and says what Jenkins' own pages say."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_http.response import json_parser
from jenkins_mcp.client.models.builds import Build
from jenkins_mcp.client.models.jobs import Job
from jenkins_mcp.client.models.queue import Queue, QueueItem
from jenkins_mcp.client.models.reports import PendingInput, StageDetails, Stages, StoredArtifact, TestReport
from jenkins_mcp.client.models.system import Crumb, Nodes, WhoAmI
from support.jenkins_captures import JenkinsCapture, jenkins_capture, jenkins_captures

# By the end of the path, in this order.
MODELS: list[tuple[str, Any]] = [
    ("/testReport/api/json", TestReport),
    ("/whoAmI/api/json", WhoAmI),
    ("/crumbIssuer/api/json", Crumb),
    ("/queue/api/json", Queue),
    ("/computer/api/json", Nodes),
    ("/wfapi/artifacts", list[StoredArtifact]),
    ("/wfapi/pendingInputActions", list[PendingInput]),
]


def model_of(capture: JenkinsCapture) -> Any:
    path = capture.path.partition("?")[0].removesuffix("/")
    for end, model in MODELS:
        if path.endswith(end):
            return model
    if "/execution/node/" in path and path.endswith("/wfapi/describe"):
        return StageDetails
    if path.endswith("/wfapi/describe"):
        return Stages
    if path.startswith(("/queue/item/", "/ci/queue/item/")):
        return QueueItem
    parts = path.removesuffix("/api/json").split("/")
    if path.endswith("/api/json") and ("job" in parts[:-1] or parts in ([""], ["", "ci"])):
        return Build if parts[-1].isdecimal() or parts[-1].startswith("last") else Job
    return None


READ = [
    capture
    for capture in jenkins_captures()
    if capture.status == 200 and "json" in capture.content and capture.method == "GET" and model_of(capture)
]


def read(name: str) -> Any:
    capture = jenkins_capture(name)
    return json_parser(model_of(capture))(capture.response.body)


@pytest.mark.parametrize("capture", READ, ids=str)
def test_a_recorded_answer_is_read(capture: JenkinsCapture) -> None:
    made = json_parser(model_of(capture))(capture.response.body)
    assert made is not None


def test_most_recorded_json_belongs_to_a_model() -> None:
    assert len(READ) > 90


def test_parameters_have_their_types_choices_and_defaults() -> None:
    job: Job = read("job-params-tree")
    found = {
        one.name: (one.type, one.choices, one.default_parameter_value and one.default_parameter_value.value)
        for one in job.parameters()
    }
    assert found == {
        "BRANCH": ("StringParameterDefinition", (), "main"),
        "DRY": ("BooleanParameterDefinition", (), True),
        "ENV": ("ChoiceParameterDefinition", ("dev", "prod"), "dev"),
        "NOTES": ("TextParameterDefinition", (), "line 1\nline 2"),
        "PW": ("PasswordParameterDefinition", (), None),
        "up/data.bin": ("FileParameterDefinition", (), None),
        "UPSTREAM": ("RunParameterDefinition", (), None),
    }


def test_parameters_of_a_build_are_those_that_were_sent_to_the_character() -> None:
    build: Build = read("build-params-actions")
    values = {name: value.value for name, value in build.parameters().items()}
    assert values == {
        "BRANCH": " feat/ü &x=1 ",
        "DRY": False,
        "ENV": "prod",
        "NOTES": "a\nb\r\nc",
        "PW": None,
        "UPSTREAM": None,
    }
    assert [cause.short_description for cause in build.causes()] == ["Started by user dev"]


def test_who_stopped_a_build_is_no_cause_of_it() -> None:
    build: Build = read("longpipe-aborted")
    assert [cause.short_description for cause in build.causes()] == ["Started by user dev"]
    assert [cause.short_description for cause in build.interruptions()] == ["Aborted by dev"]


def test_a_build_runs_until_nothing_is_in_progress() -> None:
    assert not read("build-running").is_over
    assert read("pipe-build").is_over
    # The post-build work of a build that has its result already.
    assert not Build.model_validate({"building": False, "inProgress": True, "result": "FAILURE"}).is_over
    # Before 2.369 there was only `building`.
    assert Build.model_validate({"building": False, "result": "FAILURE"}).is_over


def test_what_has_jobs_is_a_container() -> None:
    assert read("list-multibranch").is_container
    assert read("list-empty-folder").is_container
    assert not read("list-on-a-job").is_container


def test_a_queue_item_has_left_once_it_is_a_build_or_cancelled() -> None:
    left: QueueItem = read("queue-item-left")
    assert left.has_left
    assert left.executable is not None
    assert left.executable.number == 1
    assert read("queue-item-cancelled").has_left
    assert not read("queue-item-blocked").has_left
    assert read("queue-item-blocked").why == "Build #1 is already in progress (ETA: N/A)"


def test_tests_know_since_when_they_fail() -> None:
    report: TestReport = read("testreport-tree")
    (suite,) = report.suites
    failed = [(case.name, case.failed_since, case.age) for case in suite.cases if case.status == "FAILED"]
    assert failed == [("bad <x>", 1, 2), ("boom", 1, 2)]


def test_a_crumb_does_not_show_itself() -> None:
    crumb: Crumb = read("crumb")
    assert crumb.crumb
    assert crumb.crumb not in repr(crumb)

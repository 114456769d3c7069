"""Every recorded refusal of a real Jenkins becomes an error that a caller can act on, and never shows a page."""

from __future__ import annotations

import pytest

from ci_mcp_http.response import Response
from jenkins_mcp.client.refusals import describe_refusal
from support.jenkins_captures import JenkinsCapture, jenkins_capture, jenkins_captures

REFUSED = [capture for capture in jenkins_captures() if capture.status >= 400]
CODES = {
    400: "INVALID_INPUT",
    401: "AUTH_FAILED",
    404: "NOT_FOUND",
    405: "JENKINS_ERROR",
    409: "CONFLICT",
    414: "INVALID_INPUT",
    422: "PERMISSION_DENIED",
    500: "JENKINS_ERROR",
    503: "JENKINS_ERROR",
}
ANONYMOUS = {
    "artifact-anon",
    "auth-anonymous",
    "auth-anonymous-job",
    "auth-bearer",
    "prefix-anon",
    "queue-list-anonymous",
}


@pytest.mark.parametrize("capture", REFUSED, ids=str)
def test_a_recorded_refusal_has_the_code_that_it_means(capture: JenkinsCapture) -> None:
    error = describe_refusal(capture.call(), capture.response)
    if capture.status == 403:
        logs_in = capture.name in ANONYMOUS or capture.name.startswith("crumb-")
        assert error.code == ("AUTH_FAILED" if logs_in else "PERMISSION_DENIED")
    else:
        assert error.code == CODES[capture.status]
    assert error.status == capture.status
    assert error.details.get("job") == "app"
    for text in (error.message, error.next_step):
        assert "<" not in text
        assert len(text) < 500
    assert error.retryable is (capture.status == 503)


def test_a_missing_permission_is_named_as_the_matrix_of_permissions_names_it() -> None:
    capture = jenkins_capture("page-403-permission")
    error = describe_refusal(capture.call(), capture.response)
    assert error.message == "Jenkins refuses the job app: viewer lacks the permission Job/Build"
    assert error.details["permission"] == "Job/Build"
    assert error.details["reason"] == "viewer is missing the Job/Build permission"


def test_a_job_that_may_only_be_known_is_distinguished_from_a_missing_login() -> None:
    capture = jenkins_capture("page-403-discover")
    assert "lacks the permission Job/Read" in describe_refusal(capture.call(), capture.response).message


@pytest.mark.parametrize("name", ["page-500", "page-422-message", "page-500-message"])
def test_a_failure_without_a_reason_names_the_entry_of_the_log_that_has_it(name: str) -> None:
    capture = jenkins_capture(name)
    error = describe_refusal(capture.call(), capture.response)
    assert error.details["logging_id"].count("-") == 4


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trigger-disabled", "off is not buildable"),
        ("trigger-build-on-parameterized", "Nothing is submitted"),
        ("trigger-params-on-plain", "hello is not parameterized"),
        ("artifact-semicolon-raw", "Semicolons are not allowed in the request URI"),
        ("page-400-message", "?  is an unsafe character"),
    ],
)
def test_the_reason_of_a_page_is_handed_on(name: str, words: str) -> None:
    capture = jenkins_capture(name)
    assert words in describe_refusal(capture.call(), capture.response).message


@pytest.mark.parametrize("status", [403, 404, 502, 503])
def test_a_page_of_something_else_is_no_word_of_jenkins(status: int) -> None:
    page = b"<html><head><title>Welcome to nginx</title></head></html>"
    call = jenkins_capture("job-missing").call()
    error = describe_refusal(call, Response(status=status, headers={"content-type": "text/html"}, body=page))
    assert error.code == "JENKINS_ERROR"
    assert "nginx" not in error.message


def test_an_answer_of_another_status_is_unexpected() -> None:
    call = jenkins_capture("job-missing").call()
    assert "Status 418" in describe_refusal(call, Response(status=418)).message

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given

from drone_mcp_client import calls
from drone_mcp_client.call_builders import join_path
from support.texts import SEGMENTS

if TYPE_CHECKING:
    from ci_mcp_http.call import Call


@given(SEGMENTS)
def test_a_segment_is_quoted_as_go_would_quote_it(text: str) -> None:
    # Go's net/url leaves $&+,/:;=@ in paths; where a request differs from that, chi hands on the quoted text.
    assert join_path(text) == "/" + quote(text, safe="$&+,:;=@")


SLUG, JOB, TEAM = "private-owner/private-repo", "private-job", "private-team"
CALLS: dict[str, Call[Any]] = {
    "/version": calls.version(),
    "/api/user/repos": calls.user_repos(latest=True),
    "/api/repos": calls.all_repos(),
    "/api/repos/{owner}/{repo}": calls.repo(SLUG),
    "/api/repos/{owner}/{repo}/builds": calls.builds(SLUG, branch="private-branch"),
    "/api/repos/{owner}/{repo}/builds/{number}": calls.build(SLUG, 7),
    "/api/repos/{owner}/{repo}/builds/latest": calls.latest_build(SLUG, branch="private-branch"),
    "/api/repos/{owner}/{repo}/builds/{number}/logs/{number}/{number}": calls.log(SLUG, 7, 1, 2),
    "/api/repos/{owner}/{repo}/builds/{number}/approve/{number}": calls.approve_stage(SLUG, 7, 1),
    "/api/repos/{owner}/{repo}/cron": calls.crons(SLUG),
    "/api/repos/{owner}/{repo}/cron/{name}": calls.run_cron(SLUG, JOB),
    "/api/stream/{owner}/{repo}/{number}/{number}/{number}": calls.log_stream(SLUG, 7, 1, 2),
    "/api/stream/{owner}/{repo}": calls.feed(SLUG),
    "/api/secrets/{namespace}": calls.org_secrets(TEAM),
    "/api/templates/{namespace}": calls.templates(TEAM),
}


@pytest.mark.parametrize("template", CALLS)
def test_the_template_of_a_call_has_placeholders_for_all_that_its_path_names(template: str) -> None:
    assert CALLS[template].template == template

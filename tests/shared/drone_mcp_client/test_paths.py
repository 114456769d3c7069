from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given

from drone_mcp_client.paths import join_path, path_template
from support.texts import SEGMENTS


@given(SEGMENTS)
def test_a_segment_is_quoted_as_go_would_quote_it(text: str) -> None:
    # Go's net/url leaves $&+,/:;=@ in paths; where a request differs from that, chi hands on the quoted text.
    assert join_path(text) == "/" + quote(text, safe="$&+,:;=@")


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/version", "/version"),
        ("/api/user/repos", "/api/user/repos"),
        ("/api/repos/octo/hello/builds/7/approve/1", "/api/repos/{owner}/{repo}/builds/{number}/approve/{number}"),
        ("/api/repos/octo/hello/cron/nightly", "/api/repos/{owner}/{repo}/cron/{name}"),
        ("/api/stream/octo/hello/7/1/2", "/api/stream/{owner}/{repo}/{number}/{number}/{number}"),
        ("/api/templates/octo", "/api/templates/{namespace}"),
    ],
)
def test_a_template_names_no_repository_number_or_job(path: str, template: str) -> None:
    assert path_template(path) == template

"""Property 19: every request of the protocol is answered once, under its own id, and a call reaches Jenkins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins_calls import CALLS, Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = st.sampled_from(["tools/list", "resources/list", "resources/templates/list", "prompts/list", "ping"])
# The definition of a job is remembered for seconds, so that several questions about it ask once.
OF_THE_JOB_ALONE = {"jenkins_get_job", "jenkins_trigger_build"}
IDS = st.integers(-(2**53), 2**53) | st.text(max_size=50)


@pytest.fixture(scope="module")
def server() -> Iterator[Session]:
    with session() as server:
        yield server


@settings(max_examples=100, deadline=None)
@given(number=IDS, call=CALLS, method=LISTS, is_call=st.booleans())
def test_property_19_requests(
    server: Session, number: int | str, call: tuple[str, dict[str, Any]], method: str, is_call: bool
) -> None:
    server.play.jenkins.asked.clear()
    if is_call:
        response = server.ask(number, "tools/call", {"name": call[0], "arguments": call[1]})
        assert server.play.jenkins.asked != [] or call[0] in OF_THE_JOB_ALONE
        assert {request.status for request in server.play.jenkins.asked} <= {200, 404}  # a branch by its plain name
    else:
        response = server.ask(number, method, {})
        assert server.play.jenkins.asked == []
    assert response.keys() == {"jsonrpc", "id", "result"}
    assert (response["jsonrpc"], response["id"], type(response["id"])) == ("2.0", number, type(number))

"""The requests to Coder: what they send, and what cannot be sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from coder_client import calls
from support.coder_captures import coder_capture

ID = "195ebb67-8f4e-478d-8c9a-e60a31dbbc78"


def test_a_build_is_asked_for_as_it_was_recorded() -> None:
    capture = coder_capture("contract/start-next-task")
    values = {item["name"]: item["value"] for item in capture.request["body"]["rich_parameter_values"]}
    call = calls.create_build(ID, "start", values, scope="acme/shop")
    assert (call.method, call.path, call.body) == ("POST", capture.path, capture.request["body"])
    assert call.writes
    assert not call.idempotent


def test_a_message_goes_through_the_app_proxy_as_it_was_recorded() -> None:
    capture = coder_capture("apps/proxy-message-send")
    call = calls.send_message("admin", "shop-dev", "main", "ai", "Add a test")
    assert (call.method, call.path, call.body) == ("POST", capture.path, capture.request["body"])


def test_the_escape_key_is_sent_as_it_was_recorded() -> None:
    call = calls.interrupt("admin", "shop-dev", "main", "ai")
    assert call.body == coder_capture("agentapi/message-raw-escape").request["body"]


def test_a_deletion_never_leaves_the_infrastructure_behind() -> None:
    assert calls.create_build(ID, "delete", {}).body == {"transition": "delete"}


@given(st.text(min_size=1, max_size=40))
def test_no_name_leaves_its_segment_of_the_path(name: str) -> None:
    try:
        call = calls.get_workspace("me", name)
    except InvalidInput:
        return
    assert call.path == f"/api/v2/users/me/workspace/{name}"
    assert name.isascii()


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "a b", "a/b", "ä", "a" * 33])
def test_a_name_that_coder_would_refuse_is_not_sent(name: str) -> None:
    with pytest.raises(InvalidInput, match="no name of an agent"):
        calls.create_workspace("me", name, ID, {})


def test_a_value_that_would_break_builds_is_not_sent() -> None:
    calls.create_build(ID, "start", {"ai_prompt": "x" * calls.LONGEST_VALUE})
    with pytest.raises(InvalidInput, match="32 KiB"):
        calls.create_build(ID, "start", {"ai_prompt": "é" * (calls.LONGEST_VALUE // 2 + 1)})

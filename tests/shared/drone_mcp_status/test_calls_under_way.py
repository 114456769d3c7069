"""The calls that a status page shows as under way."""

from __future__ import annotations

import pytest

from ci_mcp_kit.observing import Operation
from drone_mcp_status.calls_under_way import CallsUnderWay


def call(tool: str, role: str = "dev") -> Operation:
    return Operation("drone-builds", "tools/call", tool, role=role)


def test_a_call_is_shown_to_its_role_while_it_is_open_the_longest_open_first() -> None:
    now = [100.0]
    calls = CallsUnderWay(lambda: now[0])
    with calls.operation(call("drone_wait_for_build")):
        now[0] = 130.0
        with calls.operation(call("drone_get_build")), calls.operation(call("drone_list_builds", role="ops")):
            assert [(one.tool, one.since) for one in calls.of_role("dev")] == [
                ("drone_wait_for_build", 100.0),
                ("drone_get_build", 130.0),
            ]
            assert [one.tool for one in calls.of_role("ops")] == ["drone_list_builds"]
        assert [one.tool for one in calls.of_role("dev")] == ["drone_wait_for_build"]
    assert calls.of_role("dev") == ()


def test_a_call_that_fails_is_no_longer_under_way() -> None:
    calls = CallsUnderWay()
    with pytest.raises(TimeoutError), calls.operation(call("drone_get_build")):
        raise TimeoutError
    assert calls.of_role("dev") == ()


def test_only_calls_of_tools_are_shown() -> None:
    calls = CallsUnderWay()
    with calls.operation(Operation("drone-builds", "tools/list", role="dev")):
        assert calls.of_role("dev") == ()

"""The list of tools has those that the two tokens of the server can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.issues_desk import issues_desk, issues_desk_at

if TYPE_CHECKING:
    from pathlib import Path

    from support.issues_desk import IssuesDesk

READS = {
    "drone_list_issues",
    "drone_get_issue",
    "drone_list_pull_requests",
    "drone_get_pull_request",
    "drone_get_pull_request_diff",
}
OF_ISSUES = {"drone_update_issue", "drone_add_issue_comment", "drone_report_flaky_step"}
WRITES = OF_ISSUES | {"drone_create_issue", "drone_report_build"}
PROPOSES = "drone_create_pull_request"


async def names(desk: IssuesDesk) -> set[str]:
    return {tool.name for tool in (await desk.client.list_tools()).tools}


@pytest.mark.parametrize(
    ("reader", "writer", "left_out"),
    [
        (["read:issue", "read:repository"], ["write:issue", "write:repository"], set()),
        (["all"], ["all"], set()),
        (["write:issue", "write:repository"], ["write:issue"], {PROPOSES}),
        (["read:issue", "read:repository"], ["write:repository"], WRITES),
        (["read:issue", "read:repository"], ["read:issue"], WRITES | {PROPOSES}),
        (["read:repository"], ["all"], {"drone_list_issues", "drone_get_issue"} | OF_ISSUES),
        (["read:user"], ["all"], READS | WRITES | {PROPOSES}),
    ],
)
async def test_a_tool_is_left_out_if_a_token_lacks_its_scope(
    reader: list[str], writer: list[str], left_out: set[str], tmp_path: Path
) -> None:
    async with issues_desk(tmp_path) as desk:
        for name, scopes in (("of-the-reader", reader), ("of-the-writer", writer)):
            desk.drone.world.forge.add_token("dev", name, name, scopes)
        async with issues_desk_at(
            desk.drone, tmp_path, FORGE_TOKEN="of-the-reader", FORGE_WRITE_TOKEN="of-the-writer"
        ) as limited:
            assert await names(limited) == (READS | WRITES | {PROPOSES}) - left_out


async def test_where_nothing_is_sent_the_scopes_of_the_token_that_writes_do_not_count(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTIONS="dry-run", FORGE_WRITE_TOKEN="") as desk:
        assert await names(desk) == READS | WRITES | {PROPOSES}


@pytest.mark.parametrize("fault", [{"status": 404, "message": "404 page not found"}, {"status": 503}])
async def test_no_tool_is_left_out_where_the_forge_does_not_tell_the_scopes(
    fault: dict[str, int | str], tmp_path: Path
) -> None:
    async with issues_desk(tmp_path, FORGE_TOKEN="forge-token-for-code") as desk:
        desk.drone.break_with("status", route="GET /forge/api/v1/token", **fault)
        async with issues_desk_at(desk.drone, tmp_path, FORGE_TOKEN="forge-token-for-code") as unknown:
            assert await names(unknown) == READS | WRITES | {PROPOSES}


async def test_the_forge_is_asked_once_a_minute_and_a_tool_that_is_left_out_still_says_why(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTIONS="dry-run", FORGE_TOKEN="forge-token-for-code") as desk:
        desk.drone.forget()
        assert not await names(desk) & {"drone_list_issues"}
        assert desk.asked == []
        answer = await desk.call("drone_list_issues", repo="octo/hello")
    assert answer.data["details"]["required_scope"] == "read:issue"

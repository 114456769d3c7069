"""Logs, events, revisions and waits: the newest first or last, within a budget, and only of what the role sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp

from ci_mcp_kit.errors import Unreachable
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.nodes import NOW, READS, at, component, node_of, nodes_desk, service

if TYPE_CHECKING:
    from pathlib import Path


def line(number: int, text: str, name: str = "web") -> pb.LogLine:
    return pb.LogLine(at=at(1_000 - number), stream="stdout", text=text, component=name)


async def test_a_log_is_the_newest_lines_between_marks_in_the_order_of_time(tmp_path: Path) -> None:
    lines = [line(2, "second"), line(3, "third\n"), line(1, "first", "db")]
    async with nodes_desk(tmp_path, {"web-1": node_of(ReadLogs=lines)}) as desk:
        answer = await desk.call("nodes_get_logs", service="web-1/shop")
    head, *rows, end = answer.data["text"].splitlines()
    assert [row.split(" ", 1)[1] for row in rows] == ["db first", "web second", "web third"]
    assert (head.split()[0], end.split()[-1], head.split()[1]) == ("<<<log", "log>>>", end.split()[0])
    assert "left_out" not in answer.data


async def test_a_log_keeps_to_its_budget_and_says_how_much_is_left_out(tmp_path: Path) -> None:
    node = node_of(ReadLogs=[line(number, f"line {number} " + "x" * 80) for number in range(900)])
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_get_logs", service="web-1/shop", token_budget=500)
    assert "line 899" in answer.data["text"]
    assert len(answer.text) < 4 * 500
    assert int(answer.data["left_out"].split()[0]) + answer.data["lines"] == 900
    assert node.request("ReadLogs").tail == 2_000


async def test_only_lines_with_a_text_are_shown_and_no_secret_in_them(tmp_path: Path) -> None:
    lines = [line(1, "GET / 200"), line(2, f"ERROR token {READS} refused"), line(3, "\x1b[31mError\x1b[0m again")]
    async with nodes_desk(tmp_path, {"web-1": node_of(ReadLogs=lines)}) as desk:
        answer = await desk.call("nodes_get_logs", service="web-1/shop", component="web", contains="error")
        nothing = await desk.call("nodes_get_logs", service="web-1/shop", contains="panic")
    assert answer.data["lines"] == 2
    assert READS not in answer.text
    assert "\x1b" not in answer.data["text"]
    assert "nodes_list_events" in nothing.data["next_step"]


async def test_events_of_all_nodes_are_merged_and_those_out_of_scope_left_out(tmp_path: Path) -> None:
    def events(*found: tuple[int, str]) -> pb.ListEventsResponse:
        return pb.ListEventsResponse(
            events=[pb.Event(id=1, at=at(ago), service=name, kind="died") for ago, name in found]
        )

    nodes = {
        "web-1": node_of(ListEvents=events((10, "shop"), (30, "secret"))),
        "web-2": node_of(ListEvents=events((20, "shop"))),
    }
    async with nodes_desk(tmp_path, {**nodes, "web-3": None}, NODES_SERVICES="*/shop") as desk:
        answer = await desk.call("nodes_list_events", hours=1)
    assert answer.data["events"] == ["2027-01-15T07:59:50Z web-1/shop died", "2027-01-15T07:59:40Z web-2/shop died"]
    assert "web-3" in answer.data["notes"][0]
    assert nodes["web-1"].request("ListEvents").since == Timestamp(seconds=int(NOW) - 3_600)


async def test_events_of_one_service_are_asked_of_its_node_alone(tmp_path: Path) -> None:
    one, other = node_of(), node_of()
    async with nodes_desk(tmp_path, {"web-1": one, "web-2": other}) as desk:
        answer = await desk.call("nodes_list_events", service="web-1/shop", component="web", limit=3)
    request = one.request("ListEvents")
    assert (request.service, request.component, request.limit, other.asked) == ("shop", "web", 3, [])
    assert "next_step" in answer.data


async def test_revisions_say_who_deployed_what_with_which_outcome(tmp_path: Path) -> None:
    spec = service().spec
    found = pb.ListRevisionsResponse(
        revisions=[
            pb.Revision(number=2, at=at(10), by="mona", outcome="rolled-back", spec=spec),
            pb.Revision(number=1, at=at(100), by="ops", outcome="deployed", spec=spec),
        ]
    )
    async with nodes_desk(tmp_path, {"web-1": node_of(ListRevisions=found)}) as desk:
        answer = await desk.call("nodes_list_revisions", service="web-1/shop")
    image = "web registry.example.com/shop/web:v1.2.0"
    assert answer.data["revisions"] == [
        f"2 2027-01-15T07:59:50Z rolled-back by mona: {image}",
        f"1 2027-01-15T07:58:20Z deployed by ops: {image}",
    ]


class Turns:
    """Answers a call differently each time, and at last always the same."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)

    def __call__(self, _: Any) -> Any:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def status(**more: Any) -> pb.GetServiceStatusResponse:
    return pb.GetServiceStatusResponse(service=service(component(**more.pop("web", {})), **more))


async def test_a_wait_ends_when_no_operation_is_under_way_and_nothing_is_starting(tmp_path: Path) -> None:
    starting = status(web={"observed": pb.STATE_STARTING})
    node = node_of(GetServiceStatus=Turns(status(operation="deploy"), starting, status()))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_wait_for_service", service="web-1/shop")
    assert (answer.data["finished"], answer.data["state"], len(node.asked)) == (True, "running", 3)


async def test_a_wait_outlives_a_short_outage_and_says_so_if_it_lasts(tmp_path: Path) -> None:
    away = Unreachable("the daemon is being restarted")
    node = node_of(
        GetServiceStatus=Turns(status(operation="deploy"), away, status(web={"observed": pb.STATE_UNHEALTHY}))
    )
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        ended = await desk.call("nodes_wait_for_service", service="web-1/shop")
        node.answers["GetServiceStatus"] = Turns(status(operation="deploy"))
        waiting = await desk.call("nodes_wait_for_service", service="web-1/shop", seconds=0)
    assert (ended.data["state"], "note" in ended.data) == ("unhealthy", False)
    assert "nodes_get_status" in ended.data["next_step"]
    assert (waiting.data["finished"], waiting.data["state"]) == (False, "running, deploy under way")
    assert waiting.data["next_step"] == "Call nodes_wait_for_service again"

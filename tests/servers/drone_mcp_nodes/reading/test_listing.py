"""Nodes and services are listed, the worst first, and a node that is down is a line of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_nodes.rules.standing import KINDS
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.nodes import READS, component, node_of, nodes_desk, service

if TYPE_CHECKING:
    from pathlib import Path


def many(count: int) -> list[pb.ServiceStatus]:
    """Return services of which every tenth is unhealthy, with a long reason."""
    return [
        service(
            component(observed=pb.STATE_UNHEALTHY if index % 10 == 0 else pb.STATE_RUNNING),
            name=f"service-{index:03}",
            reason="its check answers with the status 503 since ten minutes " * 4 if index % 10 == 0 else "",
        )
        for index in range(count)
    ]


async def test_every_node_is_a_line_also_one_that_is_down(tmp_path: Path) -> None:
    shop = node_of(service(), service(component(observed=pb.STATE_EXITED), name="blog"))
    async with nodes_desk(tmp_path, {"web-1": shop, "db-1": None}) as desk:
        answer = await desk.call("nodes_list_nodes")
    down, up = answer.data["nodes"]
    assert (down["node"], "does not answer" in down["state"]) == ("db-1", True)
    assert up == {
        "node": "web-1",
        "state": "up",
        "daemon": "0.1.0, podman 4.3.1",
        "services": "1 failed, 1 running",
        "need_somebody": 1,
        "free": "memory 3.0 GiB of 8.0 GiB, disk 40.0 GiB",
        "monitored": "12 s ago",
    }
    assert "nodes_list_services" in answer.data["next_step"]
    assert {token for _, _, token in shop.asked} == {READS}


async def test_a_node_whose_podman_does_not_answer_is_not_called_up(tmp_path: Path) -> None:
    broken = node_of(GetNode=pb.GetNodeResponse(name="web-1", runtime_error="podman: no space left on device"))
    async with nodes_desk(tmp_path, {"web-1": broken}) as desk:
        answer = await desk.call("nodes_list_nodes")
    assert answer.data["nodes"][0]["state"] == "runtime fails: podman: no space left on device"


async def test_where_no_node_answers_the_error_says_so(tmp_path: Path) -> None:
    async with nodes_desk(tmp_path, {"web-1": None, "db-1": None}) as desk:
        answer = await desk.call("nodes_list_nodes")
    assert (answer.code, answer.data["retryable"]) == ("NETWORK_ERROR", True)
    assert "Node web-1 does not answer" in answer.data["message"]


async def test_services_are_listed_the_worst_first_with_their_reason(tmp_path: Path) -> None:
    states = {
        "fine": component(),
        "ill": component(observed=pb.STATE_UNHEALTHY),
        "gone": component(observed=pb.STATE_EXITED, exit_code=3),
        "restless": component(flapping=True),
        "changed": component(drift=[pb.Drift(field="image", desired="a:1", observed="a:2")]),
    }
    statuses = [service(one, name=name, reason=f"why {name}") for name, one in states.items()]
    async with nodes_desk(tmp_path, {"web-1": node_of(*statuses)}) as desk:
        answer = await desk.call("nodes_list_services")
        attention = await desk.call("nodes_list_services", state="attention")
    assert answer.data["columns"] == "service | state | versions | reason"
    assert answer.data["services"].splitlines() == [
        "web-1/gone | failed | v1.2.0 | why gone",
        "web-1/ill | unhealthy | v1.2.0 | why ill",
        "web-1/restless | flapping | v1.2.0 | why restless",
        "web-1/changed | drifted | v1.2.0 | why changed",
        "web-1/fine | running | v1.2.0 | why fine",
    ]
    assert answer.data["summary"] == "5 services: 1 failed, 1 unhealthy, 1 flapping, 1 drifted, 1 running"
    assert "fine" not in attention.data["services"]


async def test_the_services_of_a_node_that_is_down_are_a_note(tmp_path: Path) -> None:
    async with nodes_desk(tmp_path, {"web-1": node_of(service()), "db-1": None}) as desk:
        answer = await desk.call("nodes_list_services")
    assert answer.data["summary"] == "1 service: 1 running"
    assert ["does not answer" in note for note in answer.data["notes"]] == [True]


async def test_a_live_list_asks_the_runtime_and_counts_what_belongs_to_no_service(tmp_path: Path) -> None:
    stray = pb.ComponentStatus(name="stray", container="stray")
    node = node_of(LiveCheck=pb.LiveCheckResponse(services=[service()], unmanaged=[stray]))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_list_services", live=True)
    assert node.methods == ["LiveCheck"]
    assert answer.data["notes"] == ["web-1 has 1 container outside of all services"]


async def test_a_state_that_there_is_not_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    node = node_of(service())
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_list_services", state="fine")
    assert (answer.code, node.asked) == ("INVALID_INPUT", [])
    assert "attention or one of failed" in answer.data["next_step"]


@pytest.mark.parametrize("count", [40, 400])
async def test_a_list_keeps_to_its_budget_and_says_what_it_leaves_out(count: int, tmp_path: Path) -> None:
    async with nodes_desk(tmp_path, {"web-1": node_of(*many(count))}) as desk:
        answer = await desk.call("nodes_list_services")
    lines = answer.data["services"].splitlines()
    assert "unhealthy" in lines[0]
    assert len(answer.text) < 4 * 2_400
    left_out = int(answer.data.get("left_out", "and 0 more").split()[1])
    assert len(lines) + left_out == count


async def test_what_is_outside_of_the_scope_is_not_shown_and_its_node_not_asked(tmp_path: Path) -> None:
    shop, other = node_of(service(), service(name="secret")), node_of(service())
    async with nodes_desk(tmp_path, {"web-1": shop, "db-1": other}, NODES_SERVICES="web-1/shop") as desk:
        answer = await desk.call("nodes_list_services")
        nodes = await desk.call("nodes_list_nodes")
        hidden = await desk.call("nodes_get_status", service="web-1/secret")
        foreign = await desk.call("nodes_get_status", service="db-1/shop")
    assert answer.data["services"].startswith("web-1/shop")
    assert "secret" not in answer.text
    assert [line["node"] for line in nodes.data["nodes"]] == ["web-1"]
    assert (hidden.code, foreign.code) == ("PERMISSION_DENIED", "NOT_FOUND")
    assert other.asked == []


def test_every_kind_has_one_place_in_the_order() -> None:
    assert len(set(KINDS)) == len(KINDS)

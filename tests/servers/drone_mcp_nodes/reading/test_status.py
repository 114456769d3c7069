"""The status of a service says how it stands, why, which build made its images, and what to look at next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.errors import AuthenticationFailed, NotFound
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.nodes import READS, at, component, node_of, nodes_desk, service

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {
    "org.opencontainers.image.source": "https://git.example.com/octo/shop.git",
    "org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
    "io.drone.build.number": "42",
}


def status_of(*components: pb.ComponentStatus, events: Any = (), **more: Any) -> Any:
    return pb.GetServiceStatusResponse(service=service(*components, **more), events=events)


async def test_a_status_says_what_is_wrong_why_and_what_to_look_at_next(tmp_path: Path) -> None:
    ill = component(
        observed=pb.STATE_UNHEALTHY,
        reason="GET /health answered 500 three times",
        restarts=2,
        drift=[pb.Drift(field="image", desired="shop/web:v1.2.0", observed="shop/web:v1.1.0")],
        image_labels=LABELS,
    )
    event = pb.Event(
        id=5,
        at=at(60),
        service="shop",
        component="web",
        kind="state",
        to=pb.STATE_UNHEALTHY,
        detail="500",
        by="monitor",
    )
    answer_of_node = status_of(component("db"), ill, events=[event], reason="web is unhealthy")
    async with nodes_desk(tmp_path, {"web-1": node_of(GetServiceStatus=answer_of_node)}) as desk:
        answer = await desk.call("nodes_get_status", service="web-1/shop")
    assert answer.data == {
        "service": "web-1/shop",
        "state": "unhealthy",
        "reason": "web is unhealthy",
        "active": True,
        "revision": 7,
        "components": [
            "web: unhealthy, v1.2.0, up 3 h, 2 restarts: GET /health answered 500 three times",
            "db: running, v1.2.0, up 3 h",
        ],
        "drift": ["web: image shop/web:v1.2.0 is shop/web:v1.1.0"],
        "builds": [
            {
                "component": "web",
                "repo": "octo/shop",
                "number": 42,
                "commit": "0123456789abcdef0123456789abcdef01234567",
            }
        ],
        "events": ["2027-01-15T07:59:00Z shop/web state unhealthy: 500 (by monitor)"],
        "next_step": "Read its log with nodes_get_logs, service web-1/shop, component web, and look at the build of "
        "its image with drone_get_build or drone_diagnose_build, repo octo/shop, number 42",
    }


@pytest.mark.parametrize(
    ("observed", "more", "said"),
    [
        (
            pb.STATE_EXITED,
            {"exit_code": 137, "oom_killed": True},
            "web: failed (exited), v1.2.0, exit code 137, out of",
        ),
        (pb.STATE_REMOVED, {}, "web: missing (removed), v1.2.0"),
        (pb.STATE_RUNNING, {"flapping": True, "restarts": 9}, "web: flapping (running), v1.2.0, up 3 h, 9 restarts"),
        (pb.STATE_STOPPED, {"desired": pb.STATE_STOPPED}, "web: stopped, v1.2.0"),
        (pb.STATE_RUNNING, {"desired": pb.STATE_STOPPED}, "web: unwanted (running), v1.2.0, up 3 h"),
    ],
)
async def test_each_state_is_said_with_what_matters_in_it(
    observed: int, more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    node = node_of(GetServiceStatus=status_of(component(observed=observed, **more)))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_get_status", service="shop")
    assert answer.data["components"][0].startswith(said)


async def test_without_a_build_number_the_commit_leads_to_the_build(tmp_path: Path) -> None:
    labels = {key: value for key, value in LABELS.items() if "number" not in key}
    node = node_of(GetServiceStatus=status_of(component(observed=pb.STATE_UNHEALTHY, image_labels=labels)))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call("nodes_get_status", service="web-1/shop")
    assert "drone_find_builds, repo octo/shop, commit 0123" in answer.data["next_step"]


async def test_a_status_of_many_components_keeps_to_its_budget(tmp_path: Path) -> None:
    every = [
        component(
            f"part-{index:02}", observed=pb.STATE_UNHEALTHY, reason="it does not answer " * 20, image_labels=LABELS
        )
        for index in range(50)
    ]
    events = [pb.Event(id=index, at=at(index), service="shop", kind="state", detail="x" * 300) for index in range(20)]
    async with nodes_desk(tmp_path, {"web-1": node_of(GetServiceStatus=status_of(*every, events=events))}) as desk:
        answer = await desk.call("nodes_get_status", service="web-1/shop")
    assert len(answer.text) < 4 * 1_800
    assert answer.data["left_out"].startswith("40 components, ")


async def test_the_errors_of_a_node_keep_their_meaning(tmp_path: Path) -> None:
    node = node_of(GetServiceStatus=NotFound("There is no service 'shop'", next_step="List the services"))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        missing = await desk.call("nodes_get_status", service="web-1/shop")
        node.answers["GetServiceStatus"] = AuthenticationFailed("The token is not known here")
        unknown = await desk.call("nodes_get_status", service="web-1/shop")
    assert (missing.code, missing.data["message"]) == ("NOT_FOUND", "Node web-1: There is no service 'shop'")
    assert missing.data["next_step"] == "List the services"
    assert unknown.code == "AUTH_FAILED"


async def test_no_token_is_in_an_answer_in_which_a_node_repeats_it(tmp_path: Path) -> None:
    node = node_of(GetServiceStatus=status_of(component(reason=f"it was started with {READS}")))
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        shown = await desk.call("nodes_get_status", service="web-1/shop")
        node.answers["GetServiceStatus"] = NotFound(f"no service for {READS}", next_step=f"Send {READS}")
        refused = await desk.call("nodes_get_status", service="web-1/shop")
    assert READS not in shown.text + refused.text
    assert node.asked[0][2] == READS


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("shop", "INVALID_INPUT", "names no node, and there are 2"),
        ("web-2/shop", "NOT_FOUND", "Did you mean 'web-1'?"),
        ("web-1/../etc", "NOT_FOUND", "There is no node"),
        ("web-1/", "INVALID_INPUT", "is no name"),
    ],
)
async def test_a_name_that_cannot_be_right_is_refused_before_anything_is_asked(
    name: str, code: str, said: str, tmp_path: Path
) -> None:
    node = node_of(service())
    async with nodes_desk(tmp_path, {"web-1": node, "db-1": None}) as desk:
        answer = await desk.call("nodes_get_status", service=name)
    assert (answer.code, node.asked) == (code, [])
    assert said in answer.data["message"]

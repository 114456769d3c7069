"""docs/examples/nodes.md has an answer of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.actions_desk import Person
from support.examples import hold_examples
from support.nodes import ON, PlayedNode, at, component, node_of, nodes_desk, service

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

SHOP = {"service": "web-1/shop"}
CALLS: dict[str, dict[str, Any]] = {
    "nodes_list_nodes": {},
    "nodes_list_services": {},
    "nodes_get_status": SHOP,
    "nodes_plan_deploy": {**SHOP, "version": "v1.3.0"},
    "nodes_get_logs": SHOP,
    "nodes_list_events": SHOP,
    "nodes_list_revisions": SHOP,
    "nodes_wait_for_service": {"service": "web-1/blog"},
    "nodes_restart_service": SHOP,
    "nodes_start_service": {"service": "web-1/old"},
    "nodes_deploy_service": {**SHOP, "version": "v1.3.0", "plan": "plan-1"},
    "nodes_rollback_service": {**SHOP, "dry_run": True},
    "nodes_sync_services": {"node": "web-1"},
    "nodes_adopt_containers": {"service": "web-1/wiki", "dry_run": True},
    "nodes_stop_service": {"service": "web-1/blog"},
}
DEFINITION = """
name = "shop"
node = "web-1"
[[components]]
name = "web"
image = "registry.example.com/shop/web:v1.3.0"
"""


def node() -> PlayedNode:
    """Return a node with a service that is unhealthy, one that runs, one that is stopped, and others' containers."""
    unhealthy = component(observed=pb.STATE_UNHEALTHY, reason="GET /health answered 500 three times", restarts=2)
    stopped = component(desired=pb.STATE_STOPPED, observed=pb.STATE_STOPPED)
    image = pb.Drift(field="image", observed="shop/web:v1.2.0", desired="shop/web:v1.3.0")
    events = [
        pb.Event(id=2, at=at(60), service="shop", component="web", kind="state", to=pb.STATE_UNHEALTHY, by="monitor"),
        pb.Event(id=1, at=at(3 * 3_600), service="shop", component="web", kind="deployed", by="alice"),
    ]
    texts = ["GET /health 200", "ERROR cannot reach the database at db:5432", "GET /health 500"]
    done = pb.Result(component="web", ok=True, action="replaced")
    return node_of(
        service(unhealthy),
        service(name="blog", revision=3),
        service(stopped, name="old", active=False, revision=2),
        PlanDeploy=pb.PlanDeployResponse(
            plan="plan-1", changes=True, steps=[pb.Step(component="web", action="replace", changes=[image])]
        ),
        ReadLogs=[
            pb.LogLine(at=at(62 - second), stream="stdout", text=text, component="web")
            for second, text in enumerate(texts)
        ],
        ListEvents=pb.ListEventsResponse(events=events),
        ListRevisions=pb.ListRevisionsResponse(
            revisions=[
                pb.Revision(number=number, at=at(days * 86_400), outcome="deployed", spec=service().spec)
                for number, days in ((7, 1), (6, 4))
            ]
        ),
        Deploy=pb.DeployResponse(revision=8, results=[done]),
        StopService=pb.StopServiceResponse(results=[pb.Result(component="web", ok=True, action="stopped")]),
        LiveCheck=pb.LiveCheckResponse(
            unmanaged=[pb.ComponentStatus(name=name, container=name) for name in ("wiki-web", "wiki-db")]
        ),
        SyncDesiredState=pb.SyncDesiredStateResponse(
            summaries=[pb.SyncSummary(service="shop", change="updated", details=["deploy it"])]
        ),
    )


async def test_the_examples_are_what_the_tools_answer(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(DEFINITION, encoding="utf-8")
    settings = {**ON, "NODES_DEFINITIONS": str(tmp_path)}
    async with nodes_desk(tmp_path, {"web-1": node()}, Person(), **settings) as desk:
        await hold_examples("nodes", desk.client, CALLS)

"""Changes of services through the guard: what is sent, what a person is asked, and what the answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.errors import Conflict, TimedOut
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.actions_desk import Person
from support.nodes import ON, READS, WRITES, at, component, node_of, nodes_desk, service

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY: dict[str, Any] = {"service": "web-1/shop", "plan": "plan-1", "version": "v1.3.0"}
PLAN = pb.PlanDeployResponse(
    plan="plan-1",
    changes=True,
    steps=[
        pb.Step(
            component="web",
            action="replace",
            changes=[pb.Drift(field="image", observed="shop/web:v1.2.0", desired="shop/web:v1.3.0")],
        )
    ],
)
CHANGES: dict[str, dict[str, Any]] = {
    "nodes_restart_service": {"service": "web-1/shop"},
    "nodes_start_service": {"service": "web-1/blog"},
    "nodes_deploy_service": DEPLOY,
    "nodes_rollback_service": {"service": "web-1/shop"},
    "nodes_sync_services": {"node": "web-1"},
    "nodes_adopt_containers": {"service": "web-1/old"},
    "nodes_stop_service": {"service": "web-1/shop"},
}
METHODS = {
    "nodes_restart_service": "RestartService",
    "nodes_start_service": "StartService",
    "nodes_deploy_service": "Deploy",
    "nodes_rollback_service": "RollbackService",
    "nodes_sync_services": "SyncDesiredState",
    "nodes_adopt_containers": "AdoptContainer",
    "nodes_stop_service": "StopService",
}
SHOP_TOML = """
name = "shop"
node = "web-1"
[[components]]
name = "web"
image = "registry.example.com/shop/web:v1.2.0"
"""


def busy_node(**answers: Any) -> Any:
    """Return a node with a service that runs, one that is stopped, revisions, and containers to adopt."""
    stopped = service(
        component("web", desired=pb.STATE_STOPPED, observed=pb.STATE_STOPPED), name="blog", active=False, revision=3
    )
    revisions = [
        pb.Revision(number=number, at=at(10 - number), outcome=outcome, spec=service().spec)
        for number, outcome in ((7, "deployed"), (6, "rolled-back"), (5, "deployed"))
    ]
    strays = [pb.ComponentStatus(name=name, container=name) for name in ("old-web", "old-db", "other")]
    found = {
        "PlanDeploy": PLAN,
        "ListRevisions": pb.ListRevisionsResponse(revisions=revisions),
        "LiveCheck": pb.LiveCheckResponse(unmanaged=strays),
        "Deploy": pb.DeployResponse(revision=8, results=[pb.Result(component="web", ok=True, action="replaced")]),
        "StopService": pb.StopServiceResponse(results=[pb.Result(component="web", ok=True, action="stopped")]),
        "SyncDesiredState": pb.SyncDesiredStateResponse(
            summaries=[pb.SyncSummary(service="shop", change="updated", details=["deploy it"])], ignored=["other"]
        ),
    }
    return node_of(service(), stopped, **(found | answers))


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "shop.toml").write_text(SHOP_TOML, encoding="utf-8")
    return folder


@pytest.mark.parametrize("tool", CHANGES)
async def test_nothing_is_changed_by_default(tool: str, tmp_path: Path) -> None:
    node = busy_node()
    async with nodes_desk(tmp_path, {"web-1": node}) as desk:
        answer = await desk.call(tool, **CHANGES[tool])
    assert (answer.code, node.asked) == ("WRITES_DISABLED", [])
    assert "NODES_ACTIONS" in answer.data["next_step"]


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_service_outside_of_the_globs_is_refused_and_nothing_is_sent(
    tool: str, tmp_path: Path, definitions: Path
) -> None:
    node, env = busy_node(), {**ON, "NODES_ACTION_SERVICES": "web-2/*", "NODES_DEFINITIONS": str(definitions)}
    async with nodes_desk(tmp_path, {"web-1": node}, **env) as desk:
        answer = await desk.call(tool, **CHANGES[tool])
    assert (answer.code, answer.data["details"]["rule"], node.asked) == ("PERMISSION_DENIED", "services", [])
    assert desk.events == ["refused"]


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_dry_run_says_what_would_be_done_and_sends_nothing(
    tool: str, tmp_path: Path, definitions: Path
) -> None:
    node = busy_node()
    async with nodes_desk(tmp_path, {"web-1": node}, **ON, NODES_DEFINITIONS=str(definitions)) as desk:
        answer = await desk.call(tool, **CHANGES[tool], dry_run=True)
    assert answer.data["outcome"] == "dry_run"
    assert answer.data["needs_confirmation"] == (tool == "nodes_stop_service")
    assert METHODS[tool] not in node.methods
    assert {token for _, _, token in node.asked} == {READS}


@pytest.mark.parametrize("tool", CHANGES)
async def test_a_change_is_sent_once_with_the_token_that_writes_and_is_on_record(
    tool: str, tmp_path: Path, definitions: Path
) -> None:
    node, person = busy_node(), Person()
    async with nodes_desk(tmp_path, {"web-1": node}, person, **ON, NODES_DEFINITIONS=str(definitions)) as desk:
        answer = await desk.call(tool, **CHANGES[tool])
        again = await desk.call(tool, **CHANGES[tool])
    assert (answer.data["outcome"], again.data["outcome"]) == ("done", "repeated")
    assert [method for method, _, token in node.asked if token == WRITES] == [METHODS[tool]]
    assert desk.events[-3:] == ["attempt", "outcome", "repeated"]
    assert len(person.asked) == (1 if tool == "nodes_stop_service" else 0)


async def test_a_stop_asks_a_person_and_does_nothing_when_they_decline(tmp_path: Path) -> None:
    node, person = busy_node(), Person(says="decline")
    async with nodes_desk(tmp_path, {"web-1": node}, person, **ON) as desk:
        answer = await desk.call("nodes_stop_service", service="web-1/shop")
    assert (answer.code, "StopService" in node.methods) == ("NOT_CONFIRMED", False)
    assert "Stop service web-1/shop, which is running?" in person.asked[0]
    assert "Its containers stop: web" in person.asked[0]


async def test_a_deployment_sends_the_definition_with_the_version_and_the_plan(tmp_path: Path) -> None:
    node = busy_node()
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        planned = await desk.call("nodes_plan_deploy", service="web-1/shop", version="v1.3.0")
        answer = await desk.call("nodes_deploy_service", **DEPLOY)
    assert planned.data["steps"] == ["web: replace, image shop/web:v1.2.0 -> shop/web:v1.3.0"]
    assert "nodes_deploy_service, plan plan-1, version v1.3.0" in planned.data["next_step"]
    sent = node.request("Deploy")
    assert (sent.plan, sent.spec.components[0].image) == ("plan-1", "registry.example.com/shop/web:v1.3.0")
    assert (answer.data["results"], answer.data["revision"]) == (["web: replaced"], 8)


async def test_a_plan_that_is_no_longer_what_would_be_done_is_a_conflict(tmp_path: Path) -> None:
    node = busy_node()
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        answer = await desk.call("nodes_deploy_service", **{**DEPLOY, "plan": "plan-0"})
    assert (answer.code, "Deploy" in node.methods) == ("CONFLICT", False)
    assert "nodes_plan_deploy" in answer.data["next_step"]


async def test_what_changes_while_a_person_is_asked_is_not_done(tmp_path: Path) -> None:
    node, person = busy_node(), Person()
    person.meanwhile = lambda: node.answers.update(PlanDeploy=pb.PlanDeployResponse(plan="plan-2", changes=True))
    async with nodes_desk(tmp_path, {"web-1": node}, person, **{**ON, "NODES_ACTION_CONFIRM": "medium"}) as desk:
        answer = await desk.call("nodes_deploy_service", **DEPLOY)
    assert (answer.code, "Deploy" in node.methods, len(person.asked)) == ("CONFLICT", False, 1)


async def test_a_version_that_was_taken_back_is_a_failure_with_its_reason_and_last_lines(tmp_path: Path) -> None:
    failed = pb.Result(
        component="web", action="rolled-back", error="it answered 500", last_lines=["starting", f"panic: {READS}"]
    )
    taken_back = pb.DeployResponse(revision=8, results=[failed], rolled_back=True, reason="web was not healthy in time")
    async with nodes_desk(tmp_path, {"web-1": busy_node(Deploy=taken_back)}, **ON) as desk:
        answer = await desk.call("nodes_deploy_service", **DEPLOY)
    assert (answer.data["outcome"], answer.data["results"]) == ("failed", ["web: rolled-back, it answered 500"])
    said = "Taken back, so the containers from before run again: web was not healthy in time"
    assert answer.data["message"] == said
    assert "panic" in answer.data["last_lines"]
    assert READS not in answer.text


async def test_a_rollback_goes_to_the_newest_revision_that_ran_before(tmp_path: Path) -> None:
    node = busy_node()
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        await desk.call("nodes_rollback_service", service="web-1/shop")
        unknown = await desk.call("nodes_rollback_service", service="web-1/shop", revision=99)
    assert node.request("RollbackService").revision == 5
    assert (unknown.code, "nodes_list_revisions" in unknown.data["next_step"]) == ("INVALID_INPUT", True)


async def test_a_change_of_a_service_under_way_is_refused_until_it_is_over(tmp_path: Path) -> None:
    under_way = pb.GetServiceStatusResponse(service=service(operation="deploy"))
    node = busy_node(GetServiceStatus=under_way)
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        answer = await desk.call("nodes_restart_service", service="web-1/shop")
    assert (answer.code, "RestartService" in node.methods) == ("CONFLICT", False)
    assert "nodes_wait_for_service" in answer.data["next_step"]


async def test_a_change_whose_answer_takes_long_is_found_under_way(tmp_path: Path) -> None:
    def begin(_: Any) -> Any:
        node.answers["GetServiceStatus"] = pb.GetServiceStatusResponse(service=service(operation="restart"))
        return TimedOut("too long")

    node = busy_node(RestartService=begin)
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        answer = await desk.call("nodes_restart_service", service="web-1/shop")
    assert (answer.data["outcome"], answer.data["message"].split(":")[0]) == ("done", "Under way")
    assert "nodes_wait_for_service" in answer.data["next_step"]


async def test_a_change_that_nothing_shows_is_said_to_be_unknown(tmp_path: Path) -> None:
    node = busy_node(RestartService=TimedOut("too long"))
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        answer = await desk.call("nodes_restart_service", service="web-1/shop")
    assert "it is unknown whether restart was carried out" in answer.data["message"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("nodes_start_service", {"service": "web-1/shop"}, "Service web-1/shop is running already"),
        ("nodes_stop_service", {"service": "web-1/blog"}, "Service web-1/blog is stopped already"),
        ("nodes_adopt_containers", {"service": "web-1/none"}, "such containers are old-web, old-db, other"),
    ],
)
async def test_where_there_is_nothing_to_do_nobody_is_asked_and_nothing_is_sent(
    tool: str, arguments: dict[str, Any], said: str, tmp_path: Path
) -> None:
    node, person = busy_node(), Person()
    async with nodes_desk(tmp_path, {"web-1": node}, person, **ON) as desk:
        answer = await desk.call(tool, **arguments)
    assert (answer.data["outcome"], person.asked, METHODS[tool] in node.methods) == ("nothing_to_do", [], False)
    assert said in answer.data["message"]


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param([service()], id="active"),
        pytest.param(
            [service(component(desired=pb.STATE_STOPPED), active=False)], id="inactive, and runs all the same"
        ),
        pytest.param([], id="unknown to the node"),
    ],
)
async def test_a_sync_that_may_stop_a_service_takes_a_confirmation(
    listed: list[pb.ServiceStatus], tmp_path: Path, definitions: Path
) -> None:
    text = SHOP_TOML.replace("[[components]]", "active = false\n[[components]]")
    (definitions / "shop.toml").write_text(text, encoding="utf-8")
    node, person = busy_node(ListServices=pb.ListServicesResponse(services=listed)), Person()
    async with nodes_desk(tmp_path, {"web-1": node}, person, **ON, NODES_DEFINITIONS=str(definitions)) as desk:
        answer = await desk.call("nodes_sync_services", node="web-1")
    assert "Not active, so their containers are stopped: shop" in person.asked[0]
    assert answer.data["results"] == ["shop: updated, deploy it"]
    assert "nodes_plan_deploy" in answer.data["next_step"]


async def test_a_sync_changes_no_service_outside_of_the_globs(tmp_path: Path, definitions: Path) -> None:
    (definitions / "blog.toml").write_text(SHOP_TOML.replace('"shop"', '"blog"'), encoding="utf-8")
    node, env = busy_node(), {**ON, "NODES_ACTION_SERVICES": "web-1/shop", "NODES_DEFINITIONS": str(definitions)}
    async with nodes_desk(tmp_path, {"web-1": node}, **env) as desk:
        refused = await desk.call("nodes_sync_services", node="web-1")
        narrowed = await desk.call("nodes_sync_services", node="web-1", services=["shop"])
    assert (refused.code, narrowed.data["outcome"]) == ("PERMISSION_DENIED", "done")
    assert [one.name for one in node.request("SyncDesiredState").services] == ["shop"]


async def test_a_version_that_the_file_does_not_say_is_noted(tmp_path: Path, definitions: Path) -> None:
    async with nodes_desk(tmp_path, {"web-1": busy_node()}, NODES_DEFINITIONS=str(definitions)) as desk:
        answer = await desk.call("nodes_plan_deploy", service="web-1/shop", version="v1.3.0")
    assert answer.data["definition"] == "the folder of definitions"
    assert "Its file does not say v1.3.0" in answer.data["notes"][0]


async def test_a_wrong_definition_is_named_with_its_line(tmp_path: Path, definitions: Path) -> None:
    (definitions / "shop.toml").write_text(SHOP_TOML.replace("image =", "imag ="), encoding="utf-8")
    async with nodes_desk(tmp_path, {"web-1": busy_node()}, NODES_DEFINITIONS=str(definitions)) as desk:
        answer = await desk.call("nodes_plan_deploy", service="web-1/shop")
    assert answer.code == "INVALID_INPUT"
    assert "shop.toml:6" in answer.data["message"]


async def test_a_conflict_at_the_node_is_planned_and_sent_once_more_and_then_told(tmp_path: Path) -> None:
    node = busy_node(RestartService=Conflict("a sync is under way"))
    async with nodes_desk(tmp_path, {"web-1": node}, **ON) as desk:
        answer = await desk.call("nodes_restart_service", service="web-1/shop")
    assert (answer.code, node.methods.count("RestartService")) == ("CONFLICT", 2)

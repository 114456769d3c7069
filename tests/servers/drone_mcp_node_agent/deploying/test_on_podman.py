import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx
import pytest

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound
from drone_mcp_node_agent.deploying.service_operations import Operations
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.asker import asking
from support.image_registry import Image
from support.node_operations import (
    NODE,
    DyingPodman,
    Node,
    make_component,
    make_service,
    open_node,
    operate_and_die,
    published,
)
from support.patience import PATIENCE
from support.podman import PodmanHost

pytestmark = [pytest.mark.podman, pytest.mark.anyio]


@pytest.fixture
async def node(podman: PodmanHost, tmp_path: Path) -> AsyncGenerator[Node]:
    async with open_node(podman, tmp_path) as opened:
        yield opened


async def read(url: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).text


def outcomes(results: list[pb.Result]) -> dict[str, str]:
    return {result.component: result.action for result in results}


async def test_a_service_is_deployed_and_a_bad_version_leaves_it_at_its_old_one(node: Node) -> None:
    ports, url = published("front")
    front = make_component(node.host, "front", "v1.0.0", ports=ports, depends_on=["api"])
    api = make_component(node.host, "api", "v1.0.0")
    first = await node.deploy(make_service(front, api))
    assert (first.revision, first.reason, outcomes([*first.results])) == (1, "", {"api": "created", "front": "created"})
    assert await read(url) == "v1.0.0\n"

    front.image, api.image = node.host.image("broken"), node.host.image("v1.1.0")
    failed = await node.deploy(make_service(front, api))
    assert failed.rolled_back
    assert failed.reason == "front did not become healthy: it ended with code 3"
    assert outcomes([*failed.results]) == {"api": "rolled-back", "front": "failed"}
    assert failed.results[1].last_lines == ["starting broken", "cannot open the database: no such file"]
    assert {result.status.observed for result in failed.results} == {pb.STATE_RUNNING}
    assert await node.images() == {"web-api": "v1.0.0", "web-front": "v1.0.0"}
    assert await read(url) == "v1.0.0\n"

    front.image = node.host.image("v1.1.0")
    again = await node.deploy(make_service(front, api))
    assert (again.revision, again.reason) == (3, "")
    assert await read(url) == "v1.1.0\n"
    revisions = await node.registry.list_revisions("web")
    assert [(one.number, one.outcome) for one in revisions] == [(3, "deployed"), (2, "rolled-back"), (1, "deployed")]

    back = await node.operations.rollback("web", 0, "ann")
    assert (back.revision, outcomes([*back.results])) == (4, {"api": "replaced", "front": "replaced"})
    assert await read(url) == "v1.0.0\n"


async def test_the_way_back_from_a_tag_that_has_moved_leads_to_what_it_named_before(node: Node) -> None:
    def push(version: str) -> str:
        return node.host.push("latest", Image({"VERSION": version}), "demo/moving")

    ports, url = published("api")
    api = make_component(node.host, "api", "latest", ports=ports)
    api.image = push("first")
    await node.deploy(make_service(api))
    push("second")
    assert outcomes([*(await node.deploy(make_service(api))).results]) == {"api": "replaced"}
    assert await read(url) == "second\n"
    assert not (await node.operations.rollback("web", 0, "ann")).reason
    assert await read(url) == "first\n"


async def test_a_failed_pull_of_one_component_is_told_and_the_others_go_on(node: Node) -> None:
    api, front = make_component(node.host, "api", "v1.0.0"), make_component(node.host, "front", "v1.0.0")
    await node.deploy(make_service(api, front))
    api.image, front.image = node.host.image("v9.9.9"), node.host.image("v1.1.0")
    response = await node.deploy(make_service(api, front))
    assert not response.rolled_back
    assert outcomes([*response.results]) == {"api": "failed", "front": "replaced"}
    assert response.results[0].error_code == "NOT_FOUND"
    assert "the registry has no such image" in response.results[0].error
    assert await node.images() == {"web-api": "v1.0.0", "web-front": "v1.1.0"}
    status = (await node.operations.status("web")).service
    assert status.reason == "api: it differs from its definition in image"
    assert [drift.observed for drift in status.components[0].drift] == [node.host.image("v1.0.0")]


async def test_a_service_that_is_as_specified_is_left_alone(node: Node) -> None:
    spec = make_service(make_component(node.host, "api", "v1.0.0"))
    await node.deploy(spec)
    before = (await node.podman.inspect(["web-api"]))["web-api"].id
    plan = await node.operations.plan(pb.PlanDeployRequest(spec=spec))
    assert not plan.changes
    assert outcomes([*(await node.deploy(spec)).results]) == {"api": "unchanged"}
    assert (await node.podman.inspect(["web-api"]))["web-api"].id == before
    assert outcomes([*(await node.deploy(spec, force=True)).results]) == {"api": "replaced"}
    assert (await node.podman.inspect(["web-api"]))["web-api"].id != before


async def test_a_plan_that_no_longer_fits_is_refused(node: Node) -> None:
    spec = make_service(make_component(node.host, "api", "v1.0.0"))
    plan = await node.operations.plan(pb.PlanDeployRequest(spec=spec))
    assert [(step.action, step.component) for step in plan.steps] == [("create", "api")]
    await node.deploy(spec, plan=plan.plan)
    with pytest.raises(Conflict, match="has changed since, so nothing was done"):
        await node.deploy(spec, plan=plan.plan)


async def test_a_repeated_key_gets_the_first_answer_and_does_nothing(node: Node) -> None:
    spec = make_service(make_component(node.host, "api", "v1.0.0"))
    first = await node.deploy(spec, idempotency_key="k-1")
    spec.components[0].image = node.host.image("v1.1.0")
    again = await node.deploy(spec, idempotency_key="k-1")
    assert (again.revision, outcomes([*again.results])) == (first.revision, {"api": "created"})
    assert await node.images() == {"web-api": "v1.0.0"}


async def test_a_component_that_starts_first_is_never_away(node: Node) -> None:
    node.host.create_network("shop")
    node.host.podman("run", "-d", "--name=asker", "--network=shop", node.host.image("v1.0.0"))

    async def ask() -> str:
        """Ask for the component by its name, again where the name server reads of a change at that moment."""
        command = ["wget", "-q", "-O-", "http://web-api:8080/index.html"]
        with anyio.fail_after(PATIENCE):
            while (done := await node.podman.execute("asker", command, PATIENCE)).exit_code:
                pass
        return done.output

    api = make_component(node.host, "api", "v1.0.0", order="start-first", network="shop")
    await node.deploy(make_service(api))
    assert await ask() == "v1.0.0\n"
    before = (await node.podman.inspect(["web-api"]))["web-api"]
    api.image = node.host.image("unhealthy")
    failed = await node.deploy(make_service(api))
    assert failed.rolled_back
    assert "answered 404" in failed.reason
    assert (await node.podman.inspect(["web-api"]))["web-api"].started_at == before.started_at  # it was not stopped
    assert await ask() == "v1.0.0\n"
    api.image = node.host.image("v1.1.0")
    assert not (await node.deploy(make_service(api))).reason
    assert await ask() == "v1.1.0\n"


# Ends as a server should: takes no further requests, and lives on for as long as those take that it has.
DRAIN = """
sleep 2
echo "$VERSION" >/tmp/index.html
httpd -f -p 8080 -h /tmp & server=$!
trap 'kill $server; sleep 3; exit 0' TERM
while :; do sleep 0.1; done
"""


async def test_who_asks_a_component_that_starts_first_by_its_name_gets_an_answer_at_any_time(node: Node) -> None:
    def draining(version: str) -> str:
        return node.host.push(version, Image({"VERSION": version}, command=("/bin/sh", "-c", DRAIN)), "demo/draining")

    node.host.create_network("shop")
    api = make_component(node.host, "api", "", order="start-first", network="shop")
    api.health.retries = 100
    api.stop_timeout.FromSeconds(60)
    api.image = draining("old")
    await node.deploy(make_service(api))
    api.image = draining("new")
    with asking(node.host, "shop", "http://web-api:8080/index.html") as heard:
        assert not (await node.deploy(make_service(api))).reason
    assert heard.faults == []
    assert {answer for _, answer in heard.answers} == {"old", "new"}


async def test_a_service_is_stopped_and_started_again_with_what_was_removed(node: Node) -> None:
    await node.deploy(make_service(make_component(node.host, "api", "v1.0.0")))
    assert outcomes(await node.operations.stop("web", "", "ann")) == {"api": "stopped"}
    assert await node.images() == {}
    listed = (await node.operations.list_services())[0]
    assert (listed.active, listed.components[0].observed, listed.reason) == (False, pb.STATE_STOPPED, "")
    await node.podman.remove("web-api")
    assert outcomes(await node.operations.start("web", "", "ann")) == {"api": "created"}
    assert await node.images() == {"web-api": "v1.0.0"}
    assert outcomes(await node.operations.restart("web", "api", "ann")) == {"api": "restarted"}
    assert outcomes(await node.operations.remove("web", "ann")) == {"api": "removed"}
    assert await node.podman.list_containers() == []
    with pytest.raises(NotFound, match="no service 'web'"):
        await node.operations.status("web")


async def test_containers_that_run_already_are_adopted_without_a_restart(node: Node) -> None:
    ports, url = published("api")
    node.host.podman(
        "run", "-d", "--name=old-api", f"-p={ports[0]}", "-e=MODE=prod", "--privileged", node.host.image("v1.0.0")
    )
    before = (await node.podman.inspect(["old-api"]))["old-api"].id
    await node.operations.sync(pb.SyncDesiredStateRequest(), "ann")
    assert [one.container for one in (await node.operations.live_check()).unmanaged] == ["old-api"]
    response = await node.operations.adopt(pb.AdoptContainerRequest(service="web", prefix="old"), "ann")
    assert outcomes([*response.results]) == {"api": "adopted"}
    assert response.results[0].status.reason == "a deployment would make it without the options --privileged"
    assert dict(response.spec.components[0].env) == {"MODE": "prod"}
    assert [*response.spec.components[0].ports] == [f"{ports[0]}/tcp"]
    assert (await node.podman.inspect(["web-api"]))["web-api"].id == before
    status = (await node.operations.status("web")).service
    assert (status.reason, [*status.components[0].drift]) == ("", [])
    spec = response.spec
    spec.components[0].image = node.host.image("v1.1.0")
    assert outcomes([*(await node.deploy(spec)).results]) == {"api": "replaced"}
    assert await read(url) == "v1.1.0\n"


async def test_a_container_that_nobody_has_adopted_is_never_replaced(node: Node) -> None:
    node.host.podman("run", "-d", "--name=web-api", node.host.image("v1.0.0"))
    with pytest.raises(Conflict, match="has a container web-api that no service has made"):
        await node.deploy(make_service(make_component(node.host, "api", "v1.1.0")))
    assert await node.images() == {"web-api": "v1.0.0"}


async def test_a_synchronisation_keeps_what_is_wanted_and_stops_what_is_inactive(node: Node) -> None:
    spec = make_service(make_component(node.host, "api", "v1.0.0"))
    other = make_service(make_component(node.host, "api", "v1.0.0"), name="other")
    await node.deploy(spec)
    spec.active = False
    request = pb.SyncDesiredStateRequest(services=[spec, other])
    rehearsal = await node.operations.sync(pb.SyncDesiredStateRequest(services=[spec, other], dry_run=True), "ann")
    assert [(one.service, one.change) for one in rehearsal.summaries] == [("web", "stopped"), ("other", "created")]
    assert "api: would be stopped" in rehearsal.summaries[0].details
    assert await node.images() == {"web-api": "v1.0.0"}
    response = await node.operations.sync(request, "ann")
    assert [(one.service, one.change) for one in response.summaries] == [("web", "stopped"), ("other", "created")]
    assert await node.images() == {}
    status = (await node.operations.status("other")).service
    assert status.reason == "api: there is no container other-api; start the service to create it"
    with pytest.raises(InvalidInput, match="not active"):
        await node.deploy(spec)
    assert [one.change for one in (await node.operations.sync(request, "ann")).summaries] == ["unchanged", "unchanged"]


async def test_a_container_that_restarts_again_and_again_is_found_flapping(node: Node) -> None:
    flapping = pb.ComponentSpec(name="api", image=node.host.image("broken"), restart="always")
    response = await node.deploy(make_service(flapping), keep_on_failure=True)
    assert "restarted" in response.reason
    component = (await node.operations.status("web")).service.components[0]
    assert component.flapping
    assert "restarts again and again" in component.reason


# Each change that a replacement makes, and whether the daemon that starts again finishes what was begun. Else it goes
# back. The changes are: create, rename, rename, stop, start, and the removal of the old container.
STOP_FIRST_KILLS = [
    (1, "before", False),
    (1, "after", False),
    (2, "before", False),
    (3, "before", False),
    (4, "before", False),
    (4, "during", False),
    (5, "before", False),
    (5, "after", False),
    (6, "before", True),
    (6, "after", True),
]
# Create, start, rename, rename, the announcements of the new and of the old name, stop, and the removal.
START_FIRST_KILLS = [
    (2, "after", False),
    (3, "after", False),
    (4, "after", False),
    (6, "before", False),
    (6, "during", False),
    (7, "before", False),
    (7, "after", False),
    (8, "after", True),
]


@pytest.mark.parametrize(
    ("order", "kills"), [("stop-first", STOP_FIRST_KILLS), ("start-first", START_FIRST_KILLS)], ids=["stop", "start"]
)
async def test_a_daemon_that_is_killed_at_any_step_finishes_or_goes_back_when_it_starts_again(
    podman: PodmanHost, tmp_path: Path, order: str, kills: list[tuple[int, str, bool]]
) -> None:
    podman.create_network("shop")
    spec = make_service(make_component(podman, "api", "v1.0.0", order=order, network="shop"))
    async with open_node(podman, tmp_path) as node:
        await node.deploy(spec)
        await node.podman.pull(podman.image("v1.1.0"))  # so that the first change is the creation
    now, new = "v1.0.0", "v1.1.0"
    for change, moment, finishes in kills:
        spec.components[0].image = podman.image(new)
        assert operate_and_die(node, "deploy", spec, change, moment) == -signal.SIGKILL
        if finishes:
            now, new = new, now
        async with open_node(podman, tmp_path) as node:
            assert await node.images() == {"web-api": now}, (change, moment)
            assert [one.name for one in await node.podman.list_containers()] == ["web-api"]
            record = await node.registry.find_service("web")
            assert record
            assert record.spec.components[0].image == podman.image(now)
            assert await node.registry.list_unended_operations() == []
            assert (await node.registry.list_events("web"))[0].kind == "recovered"
            with asking(podman, "shop", "http://web-api:8080/index.html") as heard:
                pass
            assert {answer for _, answer in heard.answers} == {now}, (change, moment)
    async with open_node(podman, tmp_path) as node:
        assert (await node.operations.status("web")).service.reason == ""


# The changes are: start the old container of the first component, create, rename and start the second one's.
@pytest.mark.parametrize(("change", "moment"), [(1, "after"), (2, "after"), (4, "before"), (4, "after")])
async def test_a_start_that_is_killed_leaves_the_service_stopped_as_it_was(
    podman: PodmanHost, tmp_path: Path, change: int, moment: str
) -> None:
    spec = make_service(make_component(podman, "api", "v1.0.0"), make_component(podman, "job", "v1.0.0"))
    async with open_node(podman, tmp_path) as node:
        await node.deploy(spec)
        await node.operations.stop("web", "", "ann")
        await node.podman.remove("web-job")
    assert operate_and_die(node, "start", spec, change, moment) == -signal.SIGKILL
    async with open_node(podman, tmp_path) as node:
        assert await node.images() == {}
        assert [one.name for one in await node.podman.list_containers()] == ["web-api"]
        assert (await node.registry.list_events("web"))[0].kind == "recovered"
        status = (await node.operations.status("web")).service
        assert (status.active, status.reason) == (False, "")
        assert outcomes(await node.operations.start("web", "", "ann")) == {"api": "started", "job": "created"}
        assert (await node.operations.status("web")).service.active


async def test_a_container_that_cannot_be_stopped_after_a_start_that_was_killed_is_named(
    podman: PodmanHost, tmp_path: Path
) -> None:
    spec = make_service(make_component(podman, "api", "v1.0.0"))
    async with open_node(podman, tmp_path) as node:
        await node.deploy(spec)
        await node.operations.stop("web", "", "ann")
        assert operate_and_die(node, "start", spec, 1, "after") == -signal.SIGKILL
        failing = DyingPodman(str(node.folder / "bin" / "podman"), str(node.folder), 1, "fail")
        await Operations(failing, node.registry, NODE).recover()
        recovered = (await node.registry.list_events("web"))[0]
        assert recovered.detail.startswith("start: it was interrupted, and the way back failed. api: Could not stop")


@pytest.mark.parametrize(("change", "moment"), [(1, "before"), (1, "after"), (2, "before")])
async def test_a_synchronisation_that_is_killed_stops_the_rest_of_a_service_when_the_daemon_starts_again(
    podman: PodmanHost, tmp_path: Path, change: int, moment: str
) -> None:
    spec = make_service(make_component(podman, "api", "v1.0.0"), make_component(podman, "job", "v1.0.0"))
    async with open_node(podman, tmp_path) as node:
        await node.deploy(spec)
    spec.active = False
    assert operate_and_die(node, "sync", spec, change, moment) == -signal.SIGKILL
    async with open_node(podman, tmp_path) as node:
        assert await node.images() == {}
        recovered = (await node.registry.list_events("web"))[0]
        assert (recovered.kind, recovered.detail) == ("recovered", "stop: it was finished")
        assert not (await node.operations.status("web")).service.active


async def test_an_adoption_that_is_killed_gives_the_containers_their_names_back(
    podman: PodmanHost, tmp_path: Path
) -> None:
    for name in ("old-api", "old-job"):
        podman.podman("run", "-d", f"--name={name}", podman.image("v1.0.0"))
    request = pb.AdoptContainerRequest(service="web", prefix="old")
    async with open_node(podman, tmp_path) as node:
        pass
    for change, moment in [(1, "after"), (2, "before"), (2, "after")]:
        assert operate_and_die(node, "adopt", request, change, moment) == -signal.SIGKILL
        async with open_node(podman, tmp_path) as node:
            assert {one.name for one in await node.podman.list_containers()} == {"old-api", "old-job"}
            assert await node.operations.list_services() == []
    async with open_node(podman, tmp_path) as node:
        response = await node.operations.adopt(request, "ann")
        assert outcomes([*response.results]) == {"api": "adopted", "job": "adopted"}


async def test_an_old_container_that_cannot_be_removed_is_removed_by_the_next_operation(node: Node) -> None:
    spec = make_service(make_component(node.host, "api", "v1.0.0"))
    await node.deploy(spec)
    spec.components[0].image = node.host.image("v1.1.0")
    await node.podman.pull(spec.components[0].image)
    failing = DyingPodman(str(node.folder / "bin" / "podman"), str(node.folder), 6, "fail")
    response = await Operations(failing, node.registry, NODE).deploy(pb.DeployRequest(spec=spec), "ann")
    assert (response.revision, response.reason) == (2, "")
    assert {one.name for one in await node.podman.list_containers()} == {"web-api", "web-api.previous"}
    assert outcomes([*(await node.deploy(spec)).results]) == {"api": "unchanged"}
    assert [one.name for one in await node.podman.list_containers()] == ["web-api"]
    assert await node.images() == {"web-api": "v1.1.0"}

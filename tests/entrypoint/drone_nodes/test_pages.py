"""What the command shows and says, before nodes that are played: states, drift, nodes that are down, errors."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from ci_mcp_kit import errors
from drone_mcp_nodes_api.errors import to_status
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.nodes_desk import Desk, Done

DRIFTED = pb.ComponentStatus(
    name="web",
    container="shop-web",
    desired=pb.STATE_RUNNING,
    observed=pb.STATE_EXITED,
    exit_code=137,
    oom_killed=True,
    version="v1.2.0",
    image="r/web:v1.2.0",
    restarts=4,
    reason="it was killed because it needed too much memory",
    drift=[pb.Drift(field="image", desired="r/web:v1.3.0", observed="r/web:v1.2.0\x1b[2J")],
)
HEALTHY = pb.ComponentStatus(
    name="db", container="shop-db", desired=pb.STATE_RUNNING, observed=pb.STATE_RUNNING, version="v7", image="r/db:v7"
)
SHOP = pb.ServiceStatus(name="shop", active=True, revision=7, components=[HEALTHY, DRIFTED])
SPEC = pb.ServiceSpec(
    name="shop",
    node="node-1",
    active=True,
    components=[pb.ComponentSpec(name="web", image="r/web:v1.2.0", ports=["8080:80"])],
)


class Node:
    """Plays a node with one service; keeps the requests."""

    def __init__(self, error: errors.ServiceError | None = None) -> None:
        self.error = error
        self.requests: list[Any] = []

    async def ListServices(self, _request: Any, context: Any) -> pb.ListServicesResponse:  # noqa: N802
        await self._fail(context)
        service = pb.ServiceStatus()
        service.CopyFrom(SHOP)
        service.spec.CopyFrom(SPEC)
        return pb.ListServicesResponse(services=[service])

    async def LiveCheck(self, _request: Any, context: Any) -> pb.LiveCheckResponse:  # noqa: N802
        await self._fail(context)
        stray = pb.ComponentStatus(name="stray", container="stray", observed=pb.STATE_RUNNING, image="r/other")
        return pb.LiveCheckResponse(services=[SHOP], unmanaged=[stray])

    async def GetServiceStatus(self, request: Any, context: Any) -> pb.GetServiceStatusResponse:  # noqa: N802
        self.requests.append(request)
        await self._fail(context)
        newest = pb.Event(
            id=2, at=Timestamp(seconds=1_800_000_060), service="shop", component="web", kind="state", to=pb.STATE_EXITED
        )
        oldest = pb.Event(id=1, at=Timestamp(seconds=1_800_000_000), service="shop", kind="deployed", by="alice")
        return pb.GetServiceStatusResponse(service=SHOP, events=[newest, oldest])

    async def GetNode(self, _request: Any, context: Any) -> pb.GetNodeResponse:  # noqa: N802
        await self._fail(context)
        return pb.GetNodeResponse(name="node-1", agent_version="1", runtime="podman", caller="alice", role="admin")

    async def StreamDeploy(self, request: Any, context: Any) -> AsyncIterator[pb.DeployUpdate]:  # noqa: N802
        self.requests.append(request)
        await self._fail(context)
        yield pb.DeployUpdate(progress=pb.Progress(component="web", phase="pull"))
        yield pb.DeployUpdate(progress=pb.Progress(component="web", phase="pull", done=True))
        if request.timeout.seconds == 601:  # a daemon that ends too early
            return
        result = pb.Result(component="web", ok=True, action="replaced", status=HEALTHY)
        yield pb.DeployUpdate(response=pb.DeployResponse(revision=8, results=[result]))

    async def StopService(self, request: Any, context: Any) -> pb.StopServiceResponse:  # noqa: N802
        self.requests.append(request)
        await self._fail(context)
        failed = pb.Result(component="web", error_code="TIMEOUT", error="It did not stop in time")
        return pb.StopServiceResponse(results=[failed] if request.component == "web" else [])

    async def WatchEvents(self, request: Any, _context: Any) -> AsyncIterator[pb.Event]:  # noqa: N802
        self.requests.append(request)
        yield pb.Event(id=4, at=Timestamp(seconds=1_800_000_100), service="shop", kind="flapping")
        await anyio.sleep_forever()

    async def ListEvents(self, _request: Any, _context: Any) -> pb.ListEventsResponse:  # noqa: N802
        return pb.ListEventsResponse(events=[pb.Event(id=3, service="shop", kind="deployed", by="alice")])

    async def ReadLogs(self, _request: Any, _context: Any) -> AsyncIterator[pb.LogLine]:  # noqa: N802
        yield pb.LogLine(text="\x1b[31mred\x1b[0m line", component="web", stream="stdout")
        yield pb.LogLine(text="wrong", component="db", stream="stderr")

    async def _fail(self, context: Any) -> None:
        if self.error:
            await context.abort(*to_status(self.error))


@asynccontextmanager
async def at_work(desk: Desk, folder: Path, node: Node | None = None) -> AsyncIterator[Node]:
    """Serve a node, and write it into the configuration, with one that is down."""
    node = node or Node()
    async with serving(node, folder) as endpoint:
        desk.configuration.write_text(
            f'[[nodes]]\nname = "node-1"\naddress = "{endpoint.address}"\nca_file = "{endpoint.ca_file}"\n'
            '[[nodes]]\nname = "node-2"\naddress = "127.0.0.1:9"\n'
        )
        desk.environment["MCP_TOKEN"] = "t"
        yield node


async def run(desk: Desk, *arguments: str, **variables: str) -> Done:
    return await anyio.to_thread.run_sync(lambda: desk.run(*arguments, **variables))


async def show(desk: Desk, *arguments: str) -> str:
    """Return what a command leaves on a terminal."""

    def play() -> str:
        with desk.terminal(*arguments) as terminal:
            return terminal.read_to_end()

    return await anyio.to_thread.run_sync(play)


async def test_the_list_has_a_line_for_each_service_and_for_a_node_that_is_down(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "list")
    assert done.code == 0
    head, shop, down = done.out.splitlines()
    assert head.split() == ["NODE", "SERVICE", "STATE", "VERSION", "REVISION", "COMPONENTS", "REASON"]
    assert "exited (137, out of memory)" in shop
    assert "it was killed because it needed too much memory" in shop
    assert down.startswith("node-2")
    assert "no answer" in down
    assert "does not answer at 127.0.0.1:9" in down


async def test_a_program_gets_each_node_with_its_answer_or_its_error(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "list", "--json")
    up, down = json.loads(done.out)["nodes"]
    assert (up["node"], up["services"][0]["components"][1]["exit_code"]) == ("node-1", 137)
    assert (down["node"], down["error"]["code"]) == ("node-2", "NETWORK_ERROR")


async def test_containers_without_a_service_are_shown_too(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "ps", "--node", "node-1")
    assert [line.split()[1] for line in done.out.splitlines()] == ["CONTAINER", "shop-db", "shop-web", "stray"]


async def test_the_status_says_what_differs_in_red_and_what_happened(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        page = await show(desk, "status", "shop", "--node", "node-1")
        plain = await run(desk, "status", "shop", "--node", "node-1")
    assert "\x1b[31mweb: image is r/web:v1.2.0, should be r/web:v1.3.0\x1b[0m\n" in page
    assert "\x1b[2J" not in page
    assert "web: image is r/web:v1.2.0, should be r/web:v1.3.0\n" in plain.out
    events = [line.split()[2:] for line in plain.out.splitlines()[-2:]]
    assert events == [["shop", "deployed", "alice"], ["shop", "web", "state", "unknown", "→", "exited"]]


async def test_progress_is_shown_beside_the_answer(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path) as node:
        done = await run(desk, "deploy", "shop/web", "--force", "--node", "node-1")
    assert (done.code, done.err) == (0, "web: has the image\n")
    assert "replaced" in done.out
    [request] = node.requests
    assert (request.component, request.force, request.timeout.seconds) == ("web", True, 600)
    assert request.idempotency_key
    assert request.spec.components[0].image == "r/web:v1.2.0"  # there is no file, so it is that of the registry


async def test_a_deployment_that_ends_without_an_outcome_is_no_success(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "deploy", "shop", "--timeout", "601")
    assert done.code == 69
    assert "without its outcome\nLook at drone-nodes status shop." in done.err


async def test_a_component_that_fails_decides_the_exit_code(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "stop", "shop/web")
    assert done.code == 1
    assert "It did not stop in time" in done.out


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (errors.AuthenticationFailed("Your token has expired"), 77),
        (errors.PermissionDenied("Only an admin may do this"), 77),
        (errors.NotFound("There is no service 'shop'"), 2),
        (errors.Conflict("The service is being deployed"), 77),
        (errors.Unreachable("The identity server does not answer"), 69),
        (errors.ServiceFailed("podman failed"), 69),
    ],
)
async def test_an_error_is_said_with_its_next_step_and_has_an_exit_code(
    error: errors.ServiceError, exit_code: int, desk: Desk, tmp_path: Path
) -> None:
    async with at_work(desk, tmp_path, Node(error)):
        done = await run(desk, "status", "shop", "--node", "node-1")
        as_json = await run(desk, "status", "shop", "--node", "node-1", "--json")
    assert (done.code, done.out) == (exit_code, "")
    assert done.err == f"Node node-1: {error.message}\n{error.next_step}.\n"
    assert json.loads(as_json.out)["error"]["code"] == error.code.replace("SERVICE_ERROR", "NODE_ERROR")


async def test_a_service_that_nobody_has_is_an_error_that_says_where_it_was_looked_for(
    desk: Desk, tmp_path: Path
) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "plan", "unknown")
    assert done.code == 2
    assert f"not in {desk.services}, and not on node-1, node-2" in done.err
    assert "node-2 does not answer" in done.err


async def test_a_definition_with_a_mistake_is_told_with_its_line(desk: Desk, tmp_path: Path) -> None:
    path = desk.define("shop", 'name = "shop"\nnode = "node-1"\n[[components]]\nname = "web"\nimgae = "x"\n')
    async with at_work(desk, tmp_path):
        done = await run(desk, "deploy", "shop")
    assert done.code == 2
    assert f"{path}:5: components[0].imgae: unknown key 'imgae'. Did you mean 'image'?" in done.err


async def test_events_of_all_nodes_are_followed(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path) as node:

        def follow() -> list[str]:
            with desk.start("events", "--follow") as process:
                assert process.stdout
                lines = [process.stdout.readline() for _ in range(2)]
                process.terminate()
            return lines

        first, second = await anyio.to_thread.run_sync(follow)
    assert "deployed" in first
    assert "flapping" in second
    assert node.requests[-1].after == 3


async def test_a_log_is_printed_without_what_a_terminal_would_obey(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):
        done = await run(desk, "logs", "shop")
    assert (done.out, done.err) == ("web | red line\n", "db | wrong\n")


async def test_a_definition_is_exported_before_it_is_edited(desk: Desk, tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text("import sys\nwith open(sys.argv[1], 'a') as file:\n    file.write('# edited\\n')\n")
    async with at_work(desk, tmp_path):
        done = await run(desk, "service", "edit", "shop", EDITOR=f"{sys.executable} {editor}")
        shown = await run(desk, "service", "show", "shop")
    assert done.code == 0, done.err
    text = (desk.services / "shop.toml").read_text()
    assert text.startswith('name = "shop"\nnode = "node-1"\n')
    assert text.endswith("# edited\n")
    assert shown.out == text


async def test_an_editor_that_leaves_a_mistake_is_told_so(desk: Desk, tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text("import sys\nwith open(sys.argv[1], 'a') as file:\n    file.write('ports = [\"80\"]\\n')\n")
    async with at_work(desk, tmp_path):
        done = await run(desk, "service", "edit", "shop", EDITOR=f"{sys.executable} {editor}")
    assert done.code == 2
    assert "shop.toml:" in done.err


async def test_a_login_is_typed_on_a_terminal_unseen_and_saved_for_its_owner_only(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path):

        def play() -> str:
            with desk.terminal("login") as terminal:
                terminal.read_until("Token")
                terminal.type("s3cr3t\n")
                return terminal.read_to_end()

        page = await anyio.to_thread.run_sync(play)
    assert "alice (admin) on node-1" in page
    assert "s3cr3t" not in page
    token = desk.folder / "token"
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("s3cr3t\n", 0o600)


async def test_a_token_that_no_node_accepts_is_not_saved(desk: Desk, tmp_path: Path) -> None:
    async with at_work(desk, tmp_path, Node(errors.AuthenticationFailed("The token is not known"))):
        done = await anyio.to_thread.run_sync(lambda: desk.run("login", text="s3cr3t\n"))
    assert (done.code, "The token is not known" in done.err) == (77, True)
    assert not (desk.folder / "token").exists()


def test_without_a_token_the_way_to_one_is_said(desk: Desk) -> None:
    desk.configuration.write_text('[[nodes]]\nname = "node-1"\naddress = "127.0.0.1:9"\n')
    done = desk.run("list")
    assert (done.code, done.err) == (
        77,
        "There is no token for the nodes\nRun drone-nodes login, or set MCP_TOKEN.\n",
    )


async def test_services_and_nodes_are_completed_without_asking_a_node(desk: Desk, tmp_path: Path) -> None:
    desk.define("shop", 'name = "shop"\n')
    async with at_work(desk, tmp_path, Node(errors.ServiceFailed("nobody may ask"))):
        words = {"_DRONE_NODES_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
        service = await run(desk, **words, COMP_WORDS="drone-nodes deploy s")
        node = await run(desk, **words | {"COMP_CWORD": "3"}, COMP_WORDS="drone-nodes list --node node-")
    assert service.out.split() == ["shop"]
    assert node.out.split() == ["node-1", "node-2"]

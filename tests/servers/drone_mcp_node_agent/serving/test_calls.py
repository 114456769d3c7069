"""Calls of a real daemon over gRPC with TLS: who may do what, and what is on record afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest

from drone_mcp_node_agent.auth.callers import ADMIN_READING_METHODS, READER_METHODS
from drone_mcp_node_agent.auth.token_file import remove_token
from drone_mcp_nodes_api.errors import NEXT_STEP
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub
from support.node_daemon import NodeDaemon, make_node, node_daemon
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = {method.name: method for method in pb.DESCRIPTOR.services_by_name["McpAgentService"].methods}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeDaemon]:
    node = make_node(tmp_path_factory.mktemp("node"), limits={"file_bytes": 100_000, "streams": 2})
    with node_daemon(node) as running:
        yield running


def subject(line: dict[str, Any]) -> str:
    """Return what an audit line is about."""
    return " ".join(line[key] for key in ("service", "component", "path") if key in line)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


def request_of(method: str) -> Any:
    """Return an empty request of a method."""
    return getattr(pb, METHODS[method].input_type.name)()


async def test_a_node_describes_itself_and_its_caller(daemon: NodeDaemon) -> None:
    async with daemon.client("alice") as alice, daemon.client("bob") as bob:
        ours, theirs = await alice.GetNode(pb.GetNodeRequest()), await bob.GetNode(pb.GetNodeRequest())

    assert (ours.name, ours.caller, ours.role) == ("web-1", "alice", "admin")
    assert (theirs.caller, theirs.role) == ("bob", "reader")
    assert ours.memory_total > ours.memory_free > 0
    assert ours.disk_free > 0
    assert ours.runtime_error  # this node has no podman


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_nobody_gets_in_without_a_token_that_the_node_knows(daemon: NodeDaemon, method: str) -> None:
    async with (
        daemon.client(token="wrong") as wrong,
        grpc.aio.secure_channel(daemon.address, daemon.node.trust()) as channel,
    ):
        for stub, message in (
            (wrong, "The node does not know this token"),
            (McpAgentServiceStub(channel), "The call has no bearer token"),
        ):
            call = getattr(stub, method)(request_of(method))
            error = await refused(call.read() if METHODS[method].server_streaming else call)
            assert (error.code(), error.details()) == (grpc.StatusCode.UNAUTHENTICATED, message)


@pytest.mark.parametrize("method", sorted(METHODS.keys() - READER_METHODS))
async def test_a_reader_can_change_nothing(daemon: NodeDaemon, method: str) -> None:
    async with daemon.client("bob") as bob:
        call = getattr(bob, method)(request_of(method))
        error = await refused(call.read() if METHODS[method].server_streaming else call)

    assert error.code() == grpc.StatusCode.PERMISSION_DENIED
    assert error.details() == f"bob has the role reader on this node, and {method} needs the role admin"
    assert dict(error.trailing_metadata())[NEXT_STEP] == b"Use a token with that role"


def test_the_listed_methods_exist() -> None:
    assert METHODS.keys() >= READER_METHODS | ADMIN_READING_METHODS


async def test_files_go_there_and_back_and_never_outside(daemon: NodeDaemon) -> None:
    async with daemon.client() as alice:
        pushed = await alice.PushFile(
            pb.PushFileRequest(service="shop", path="conf/app.toml", content=b"a = 1\n", mode=0o640)
        )
        pulled = await alice.PullFile(pb.PullFileRequest(service="shop", path="conf/app.toml"))
        (daemon.node.files / "shop" / "link").symlink_to("/etc")
        errors = [
            await refused(alice.PullFile(pb.PullFileRequest(service="shop", path=path)))
            for path in ("../../etc/passwd", "/etc/passwd", "link/passwd", "conf/none")
        ]
        mangled = await refused(
            alice.PushFile(pb.PushFileRequest(service="shop", path="x", content=b"a", sha256="0" * 64))
        )
        large = await refused(alice.PushFile(pb.PushFileRequest(service="shop", path="x", content=b"a" * 100_001)))

    assert pushed == pb.PushFileResponse(path="conf/app.toml", changed=True)
    assert (pulled.content, pulled.mode) == (b"a = 1\n", 0o640)
    assert [error.code() for error in errors] == [grpc.StatusCode.INVALID_ARGUMENT] * 3 + [grpc.StatusCode.NOT_FOUND]
    assert mangled.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert large.details() == "The file is too large: at most 100000 bytes"
    assert not (daemon.node.files / "shop" / "x").exists()


async def test_every_call_is_an_audit_line_and_a_change_has_one_before_it_too(daemon: NodeDaemon) -> None:
    begin = len(daemon.node.audited())
    async with daemon.client() as alice, daemon.client("bob") as bob, daemon.client(token="wrong") as nobody:
        await bob.GetNode(pb.GetNodeRequest())
        await alice.PushFile(pb.PushFileRequest(service="shop", path="a", content=b"secret words"))
        await refused(bob.StopService(pb.StopServiceRequest(service="shop", component="api")))
        await refused(nobody.ListServices(pb.ListServicesRequest()))
    async with grpc.aio.secure_channel(daemon.address, daemon.node.trust()) as channel:
        unknown = channel.unary_unary("/mcp.v1.McpAgentService/Explode", lambda request: request, lambda answer: answer)
        await refused(unknown(b""))

    lines = daemon.node.audited()[begin:]
    assert [
        (line["event"], line["operation"], line["agent"]["caller"], subject(line), line["outcome"]) for line in lines
    ] == [
        ("outcome", "GetNode", "bob", "", "OK"),
        ("start", "PushFile", "alice", "shop a", "started"),
        ("outcome", "PushFile", "alice", "shop a", "OK"),
        ("outcome", "StopService", "bob", "shop api", "PERMISSION_DENIED"),
        ("outcome", "ListServices", "-", "", "AUTH_FAILED"),
        ("outcome", "Explode", "-", "", "UNIMPLEMENTED"),
    ]
    assert all(line["time"] and line["node"] == "web-1" for line in lines)
    assert "secret words" not in daemon.node.audit.read_text()


async def test_a_removed_token_is_refused_at_once(daemon: NodeDaemon) -> None:
    async with daemon.client(daemon.node.add("carol")) as carol:
        await carol.GetNode(pb.GetNodeRequest())
        remove_token(daemon.node.path / "tokens.toml", "carol")
        error = await refused(carol.GetNode(pb.GetNodeRequest()))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_a_stranger_gets_no_connection_without_the_authority(daemon: NodeDaemon) -> None:
    async with grpc.aio.insecure_channel(daemon.address) as channel:
        error = await refused(McpAgentServiceStub(channel).GetNode(pb.GetNodeRequest(), timeout=PATIENCE))
    assert error.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("limit", [-1, 1001])
async def test_an_amount_is_bounded(daemon: NodeDaemon, limit: int) -> None:
    async with daemon.client("bob") as bob:
        error = await refused(bob.ListEvents(pb.ListEventsRequest(limit=limit)))
    assert error.details() == f"limit is {limit}: ask for 1 to 1000"


async def test_only_so_many_streams_are_open_at_a_time_and_a_closed_one_makes_room(daemon: NodeDaemon) -> None:
    async with daemon.client("bob") as bob:
        streams = [bob.WatchEvents(pb.WatchEventsRequest()) for _ in range(2)]
        for stream in streams:
            await stream.wait_for_connection()
        error = await refused(bob.WatchEvents(pb.WatchEventsRequest()).read())
        assert (error.code(), error.details()) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "Too many streams of this node are open",
        )
        streams[0].cancel()
        while True:
            further = bob.WatchEvents(pb.WatchEventsRequest(), timeout=0.5)
            try:
                await further.read()
            except grpc.aio.AioRpcError as again:
                if again.code() == grpc.StatusCode.DEADLINE_EXCEEDED:  # it was open, and nothing happened
                    break
        streams[1].cancel()


async def test_a_message_of_a_stranger_is_not_even_read(daemon: NodeDaemon) -> None:
    push = pb.PushFileRequest(service="shop", path="a", content=b"x" * 15_000_000)
    async with daemon.client(token="wrong") as nobody:
        error = await refused(nobody.PushFile(push))

    line = daemon.node.audited()[-1]
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED
    assert (line["operation"], line["outcome"]) == ("PushFile", "AUTH_FAILED")
    assert not {"service", "path"} & line.keys()

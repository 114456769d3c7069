"""The client of a node's daemon: what it sends, and what its errors say."""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.abc import SocketAttribute

from ci_mcp_kit import errors
from drone_mcp_nodes_api.client import Endpoint, NodeClient
from drone_mcp_nodes_api.errors import LONGEST_MESSAGE, to_status
from drone_mcp_nodes_api.limits import LARGEST_FILE
from drone_mcp_nodes_api.wire import agent_pb2
from support.node_server import serving
from support.patience import PATIENCE
from support.raw_server import certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio.abc import SocketStream

FAMILY = [
    errors.AuthenticationFailed,
    errors.PermissionDenied,
    errors.NotFound,
    errors.InvalidInput,
    errors.Conflict,
    errors.RateLimited,
    errors.TimedOut,
    errors.Unreachable,
    errors.ServiceFailed,
    errors.UnexpectedAnswer,
    errors.AnswerTooLarge,
]


class Daemon:
    """Fails with `error` if there is one; records metadata and whether a stream was left."""

    def __init__(self, error: errors.ServiceError | None = None) -> None:
        self.error = error
        self.seen: list[dict[str, Any]] = []
        self.left = anyio.Event()

    async def ListServices(self, _request: Any, context: Any) -> agent_pb2.ListServicesResponse:  # noqa: N802
        self.seen.append(dict(context.invocation_metadata()))
        if self.error:
            await context.abort(*to_status(self.error))
        return agent_pb2.ListServicesResponse(services=[agent_pb2.ServiceStatus(name="shop")])

    async def WatchEvents(self, request: Any, context: Any) -> AsyncIterator[agent_pb2.Event]:  # noqa: N802
        self.seen.append(dict(context.invocation_metadata()))
        try:
            yield agent_pb2.Event(id=request.after + 1)
            if self.error:
                await context.abort(*to_status(self.error))
            await anyio.sleep_forever()
        finally:
            self.left.set()

    async def PullFile(self, _request: Any, _context: Any) -> agent_pb2.PullFileResponse:  # noqa: N802
        return agent_pb2.PullFileResponse(content=b"x" * LARGEST_FILE)

    async def GetNode(self, _request: Any, _context: Any) -> agent_pb2.GetNodeResponse:  # noqa: N802
        await anyio.sleep_forever()
        return agent_pb2.GetNodeResponse()


async def list_services(endpoint: Endpoint, token: str = "") -> agent_pb2.ListServicesResponse:
    async with NodeClient(endpoint, lambda: token) as node:
        return await node.call(node.methods.ListServices, agent_pb2.ListServicesRequest())


async def test_a_call_carries_the_token_of_the_moment(tmp_path: Path) -> None:
    daemon, tokens = Daemon(), iter(["first", "second"])
    async with serving(daemon, tmp_path) as endpoint, NodeClient(endpoint, lambda: next(tokens)) as node:
        answers = [await node.call(node.methods.ListServices, agent_pb2.ListServicesRequest()) for _ in range(2)]
    assert [service.name for answer in answers for service in answer.services] == ["shop", "shop"]
    assert [seen["authorization"] for seen in daemon.seen] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("kind", FAMILY)
async def test_an_error_of_the_daemon_arrives_as_it_was_raised(kind: type[errors.ServiceError], tmp_path: Path) -> None:
    daemon = Daemon(kind("There is no service “shop”", next_step="List the services"))
    async with serving(daemon, tmp_path) as endpoint:
        with pytest.raises(errors.ServiceError) as caught:
            await list_services(endpoint)
    assert type(caught.value) is kind
    assert caught.value.message == "Node node-1: There is no service “shop”"
    assert caught.value.next_step == "List the services"
    assert caught.value.details == {"node": "node-1"}


async def test_an_error_of_any_length_and_with_escape_sequences_arrives_short_and_clean(tmp_path: Path) -> None:
    daemon = Daemon(errors.InvalidInput("\x1b[31mé" * 9000, next_step="Gé\u202eo" * 9000))
    async with serving(daemon, tmp_path) as endpoint:
        with pytest.raises(errors.InvalidInput) as caught:
            await list_services(endpoint)
    assert len(caught.value.message) <= LONGEST_MESSAGE + len("Node node-1: ")
    assert caught.value.message.startswith("Node node-1: éé")
    assert "\u202e" not in caught.value.next_step


async def test_a_node_that_is_down_is_named_with_its_address_and_what_to_check() -> None:
    with pytest.raises(errors.Unreachable) as caught:
        await list_services(Endpoint("node-7", "127.0.0.1:9"))
    assert "Node node-7 does not answer at 127.0.0.1:9 (Connection refused" in caught.value.message
    assert "systemctl status drone-nodes-agent" in caught.value.next_step
    assert caught.value.retryable


async def test_a_daemon_that_comes_back_is_called_again_within_seconds(tmp_path: Path) -> None:
    async with serving(Daemon(), tmp_path) as endpoint:
        pass
    port, request = int(endpoint.address.rpartition(":")[2]), agent_pb2.ListServicesRequest()
    async with NodeClient(endpoint, str) as node:
        with pytest.raises(errors.Unreachable):
            await node.call(node.methods.ListServices, request)
        async with serving(Daemon(), tmp_path, port=port):
            answer = None
            with anyio.fail_after(PATIENCE):
                while answer is None:
                    with suppress(errors.Unreachable):
                        answer = await node.call(node.methods.ListServices, request)
    assert [service.name for service in answer.services] == ["shop"]


async def test_a_certificate_of_an_unknown_authority_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    certificate(tmp_path / "other")
    daemon = Daemon()
    async with serving(daemon, tmp_path) as endpoint:
        with pytest.raises(errors.Unreachable, match="certificate that is not trusted"):
            await list_services(replace(endpoint, ca_file=tmp_path / "other" / "ca.pem"))
    assert daemon.seen == []


async def test_a_port_without_tls_is_told_from_a_daemon_that_is_down() -> None:
    async def refuse(stream: SocketStream) -> None:
        # gRPC may try again when the test has ended, and close what it has opened.
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            async with stream:
                await stream.receive()
                await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, refuse)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - a socket's, not Django's
        with pytest.raises(errors.Unreachable, match="does not accept a connection with TLS"):
            await list_services(Endpoint("node-1", f"127.0.0.1:{port}"))
        group.cancel_scope.cancel()


async def test_a_missing_file_of_authorities_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidInput, match=r"missing\.pem cannot be read \(No such file"):
        await list_services(Endpoint("node-1", "127.0.0.1:9", tmp_path / "missing.pem"))


@pytest.mark.parametrize("token", ["s3cr3t\n", "sécret", "a\x00b"])
async def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(errors.AuthenticationFailed) as caught:
        await list_services(Endpoint("node-1", "127.0.0.1:9"), token)
    assert token not in str(caught.value)


async def test_a_call_ends_with_its_deadline(tmp_path: Path) -> None:
    async with serving(Daemon(), tmp_path) as endpoint, NodeClient(endpoint, str) as node:
        with pytest.raises(errors.TimedOut, match="node-1 did not answer in time"):
            await node.call(node.methods.GetNode, agent_pb2.GetNodeRequest(), seconds=0.2)


async def test_a_call_that_the_daemon_does_not_know_asks_for_the_same_release(tmp_path: Path) -> None:
    async with serving(object(), tmp_path) as endpoint:
        with pytest.raises(errors.UnexpectedAnswer, match="does not know this call") as caught:
            await list_services(endpoint)
    assert "same release" in caught.value.next_step


async def test_the_largest_file_fits_into_an_answer(tmp_path: Path) -> None:
    async with serving(Daemon(), tmp_path) as endpoint, NodeClient(endpoint, str) as node:
        answer = await node.call(node.methods.PullFile, agent_pb2.PullFileRequest())
    assert len(answer.content) == LARGEST_FILE


async def test_a_stream_that_is_left_ends_at_the_daemon_too(tmp_path: Path) -> None:
    daemon = Daemon()
    async with serving(daemon, tmp_path) as endpoint, NodeClient(endpoint, lambda: "t") as node:
        request = agent_pb2.WatchEventsRequest(after=41)
        async with aclosing(node.stream(node.methods.WatchEvents, request)) as events:
            assert (await anext(events)).id == 42
        with anyio.fail_after(PATIENCE):
            await daemon.left.wait()
    assert daemon.seen[0]["authorization"] == "Bearer t"


async def test_a_stream_that_fails_in_the_middle_ends_with_the_daemons_error(tmp_path: Path) -> None:
    daemon = Daemon(errors.PermissionDenied("Only until here"))
    received = []

    async def receive(node: NodeClient) -> None:
        async for event in node.stream(node.methods.WatchEvents, agent_pb2.WatchEventsRequest()):
            received.append(event.id)  # noqa: PERF401 - the list has to keep what came before the error

    async with serving(daemon, tmp_path) as endpoint, NodeClient(endpoint, str) as node:
        with pytest.raises(errors.PermissionDenied, match="Only until here"):
            await receive(node)
    assert received == [1]

"""What a caller gets, and what is on record, where a part of the node fails that no call should fail by."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest

from drone_mcp_node_agent.auth.audit import Audit
from drone_mcp_node_agent.auth.callers import Caller, Role
from drone_mcp_node_agent.serving.interceptor import EveryCall
from drone_mcp_nodes_api.errors import NEXT_STEP
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub
from support.nodes import PlayedNode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BEARER = (("authorization", "Bearer a-token-of-the-tests"),)
HIDDEN = "the password of the disk"


class EveryoneIsAdmin:
    """Knows every token."""

    async def authenticate(self, token: str) -> Caller:  # noqa: ARG002 - the protocol's
        return Caller("alice", frozenset({Role.ADMIN}))


class NobodyCanBeFound:
    """Fails in a way that no authenticator should."""

    async def authenticate(self, token: str) -> Caller:
        raise RuntimeError(f"{HIDDEN} {token}")


@dataclass
class Lines:
    """Audit lines, as long as there is room for them."""

    taken: list[tuple[str, str, str]] = field(default_factory=list)
    is_full: bool = False

    async def append(self, facts: dict[str, Any]) -> None:
        if self.is_full:
            raise OSError(28, HIDDEN)
        self.taken.append((facts["event"], facts["operation"], facts["outcome"]))


@asynccontextmanager
async def calling(node: PlayedNode, lines: Lines, authenticator: Any) -> AsyncIterator[McpAgentServiceStub]:
    """Serve a node behind the interceptor on loopback, and connect to it."""
    server = grpc.aio.server(interceptors=[EveryCall(authenticator, Audit(lines, "web-1"), streams=1)])
    server.add_generic_rpc_handlers((node.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield McpAgentServiceStub(channel)
    finally:
        await server.stop(None)


async def refused(call: Any) -> tuple[str, bytes]:
    """Return the words of an error and its next step, which hold nothing of its cause."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert HIDDEN not in repr(caught.value)
    return str(caught.value.details()), dict(caught.value.trailing_metadata() or ())[NEXT_STEP]


async def test_a_token_that_cannot_be_validated_for_an_unknown_reason_lets_nobody_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    node, lines = PlayedNode(), Lines()
    async with calling(node, lines, NobodyCanBeFound()) as stub:
        words, _ = await refused(stub.GetNode(pb.GetNodeRequest(), metadata=BEARER))
    assert words == "The node's daemon failed"
    assert (node.asked, lines.taken) == ([], [("outcome", "GetNode", "NODE_ERROR")])
    assert HIDDEN in caplog.text


async def test_a_call_that_fails_for_an_unknown_reason_is_on_record_and_its_reason_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError(HIDDEN)

    lines = Lines()
    async with calling(PlayedNode({"StopService": fail}), lines, EveryoneIsAdmin()) as stub:
        words, step = await refused(stub.StopService(pb.StopServiceRequest(service="shop"), metadata=BEARER))
    assert (words, b"journalctl" in step) == ("The node's daemon failed", True)
    assert lines.taken == [("start", "StopService", "started"), ("outcome", "StopService", "NODE_ERROR")]
    assert HIDDEN in caplog.text


async def test_a_change_that_cannot_be_recorded_is_not_made() -> None:
    node = PlayedNode()
    async with calling(node, Lines(is_full=True), EveryoneIsAdmin()) as stub:
        words, step = await refused(stub.StopService(pb.StopServiceRequest(service="shop"), metadata=BEARER))
    assert (words, b"log.audit" in step) == ("The node cannot write its audit log, so nothing was changed", True)
    assert node.asked == []


async def test_what_was_answered_but_cannot_be_recorded_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    node = PlayedNode()
    async with calling(node, Lines(is_full=True), EveryoneIsAdmin()) as stub:
        assert await stub.GetNode(pb.GetNodeRequest(), metadata=BEARER) == pb.GetNodeResponse()
    assert "GetNode of alice ended with OK" in caplog.text

"""Tokens of a real identity server (oidc-provider), at a real daemon of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest

from ci_mcp_kit.errors import AuthenticationFailed
from drone_mcp_node_agent.auth.introspection import CACHE_SECONDS, IdentityServer
from drone_mcp_node_agent.configuration.model import Introspection
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.identity import CLIENT, IdentityProcess, identity_server
from support.node_daemon import make_node, node_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub

pytestmark = [pytest.mark.identity, pytest.mark.checkout]


@pytest.fixture
def identity() -> Iterator[IdentityProcess]:
    with identity_server() as running:
        yield running


def introspection(identity: IdentityProcess, folder: Path) -> dict[str, str]:
    secret = folder / "secret"
    secret.write_text(f"{CLIENT}-secret\n")
    secret.chmod(0o600)
    return {"url": identity.urls["introspection"], "client_id": CLIENT, "client_secret_file": str(secret)}


async def code_of(stub: McpAgentServiceStub, path: str = "") -> grpc.StatusCode:
    """Return how a call ends: one that reads, or one that writes a file."""
    call = (
        stub.PushFile(pb.PushFileRequest(service="shop", path=path, content=b"x"))
        if path
        else stub.GetNode(pb.GetNodeRequest())
    )
    return await call.code()


async def test_tokens_of_an_identity_server_open_a_node_until_it_is_away(
    identity: IdentityProcess, tmp_path: Path
) -> None:
    node = make_node(tmp_path / "node", auth={"introspection": introspection(identity, tmp_path)})
    alice, bob, eve = (identity.issue(name) for name in ("alice", "bob", "eve"))
    late = identity.issue("alice")
    with node_daemon(node) as daemon:
        async with daemon.client(token=alice) as stub:
            assert (await stub.GetNode(pb.GetNodeRequest())).caller == "alice"
            assert await code_of(stub, "a") == grpc.StatusCode.OK
        async with daemon.client(token=bob) as stub:
            assert (await stub.GetNode(pb.GetNodeRequest())).role == "reader"
            assert await code_of(stub, "b") == grpc.StatusCode.PERMISSION_DENIED
        async with daemon.client(token=eve) as stub:  # a valid token for something else
            assert await code_of(stub) == grpc.StatusCode.PERMISSION_DENIED
        for unknown in ("made up", node.tokens["alice"]):  # the token file counts no more
            async with daemon.client(token=unknown) as stub:
                assert await code_of(stub, "c") == grpc.StatusCode.UNAUTHENTICATED

        identity.process.kill()
        identity.process.wait()
        async with daemon.client(token=alice) as stub:  # still known
            assert await code_of(stub) == grpc.StatusCode.OK
        async with daemon.client(token=late) as stub:
            assert await code_of(stub, "d") == grpc.StatusCode.UNAVAILABLE
    assert [path.name for path in (node.files / "shop").iterdir()] == ["a"]
    assert [line["outcome"] for line in node.audited()][-1] == "NETWORK_ERROR"


async def test_a_wrong_secret_of_the_node_lets_nobody_in(identity: IdentityProcess, tmp_path: Path) -> None:
    node = make_node(tmp_path / "node", auth={"introspection": introspection(identity, tmp_path)})
    (tmp_path / "secret").write_text("wrong")
    with node_daemon(node) as daemon:
        async with daemon.client(token=identity.issue("alice")) as stub:
            assert await code_of(stub) == grpc.StatusCode.UNAVAILABLE


async def test_a_token_ends_with_its_time_and_with_its_revocation(identity: IdentityProcess, tmp_path: Path) -> None:
    now = 0.0
    settings = Introspection.model_validate(introspection(identity, tmp_path))
    server = IdentityServer(settings, lambda: now)
    revoked = identity.issue("bob")
    await server.authenticate(revoked)
    identity.revoke(revoked, "bob")
    await server.authenticate(revoked)  # from the cache
    now = CACHE_SECONDS
    with pytest.raises(AuthenticationFailed):
        await server.authenticate(revoked)

    brief = identity.issue("brief")
    caller = await server.authenticate(brief)
    assert caller.expires
    now = caller.expires.timestamp()
    with pytest.raises(AuthenticationFailed):
        await server.authenticate(brief)

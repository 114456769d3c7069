"""Serves the gRPC service of a node in the test's process, with TLS, for tests of those who call it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc

from drone_mcp_nodes_api.client import Endpoint
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceServicer, add_McpAgentServiceServicer_to_server
from support.raw_server import certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class _Served:
    """A servicer with all methods: those that it lacks are not implemented."""

    def __init__(self, servicer: object) -> None:
        self._servicer = servicer

    def __getattr__(self, name: str) -> Any:
        rest: Any = McpAgentServiceServicer
        return getattr(self._servicer, name, getattr(rest(), name))


@asynccontextmanager
async def serving(servicer: object, folder: Path, *, node: str = "node-1", port: int = 0) -> AsyncIterator[Endpoint]:
    """Serve the methods of an object on a port, by default a free one, with the certificate of the folder.

    A folder without a certificate gets one.
    """
    public, private = (folder / name for name in ("ca.pem", "key.pem"))
    if not public.exists():
        certificate(folder)
    server = grpc.aio.server()
    served: Any = _Served(servicer)
    add_McpAgentServiceServicer_to_server(served, server)
    credentials = grpc.ssl_server_credentials([(private.read_bytes(), public.read_bytes())])
    bound = server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    try:
        yield Endpoint(node, f"127.0.0.1:{bound}", public)
    finally:
        await server.stop(None)

"""A client of one node's daemon.

    async with NodeClient(endpoint, read_token) as node:
        answer = await node.call(node.methods.ListServices, agent_pb2.ListServicesRequest())

Every call has a deadline, is sent with the token over TLS, and fails with an error of `ci_mcp_kit.errors`. A client
belongs to the event loop in which it makes its first call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar

import grpc

from ci_mcp_kit.errors import AuthenticationFailed, InvalidInput, Service, ServiceError
from drone_mcp_nodes_api.errors import from_status
from drone_mcp_nodes_api.limits import LARGEST_MESSAGE
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path
    from types import TracebackType

Q = TypeVar("Q")
R = TypeVar("R")

NODE = Service("node", "NODE_ERROR", address="the node's address", token="the nodes' token")  # noqa: S106 - words
READ_SECONDS = 10.0
CHANGE_SECONDS = 600.0

# A daemon that is back after an hour is called at once, not after the two minutes that gRPC would wait by then
# (grpc/grpc, doc/connection-backoff.md). No call goes through the proxy of the environment: nodes are not behind it.
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
)


@dataclass(frozen=True)
class Endpoint:
    """Where the daemon of a node listens.

    Attributes:
        node: its name.
        address: HOST:PORT.
        ca_file: the authorities of its certificate; None for the public ones that gRPC knows.
        certificate_file: a certificate of the client, where the daemon demands one.
        key_file: the key of that certificate.
    """

    node: str
    address: str
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


class NodeClient:
    """Calls the daemon of one node.

    Args:
        endpoint: where it listens.
        read_token: returns the token, for each call; "" sends none.
        service: names the settings for the messages of errors.
    """

    def __init__(self, endpoint: Endpoint, read_token: Callable[[], str], service: Service = NODE) -> None:
        self.endpoint = endpoint
        self._read_token = read_token
        self._service = service

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection; calls that are under way fail."""
        if "_channel" in self.__dict__:
            await self._channel.close()

    @property
    def methods(self) -> McpAgentServiceStub:
        """The methods of the daemon, for `call` and `stream`."""
        return self._stub

    async def call(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Q, R], request: Q, *, seconds: float = READ_SECONDS
    ) -> R:
        """Call a method and return its answer.

        Args:
            method: one of `methods`.
            request: its request.
            seconds: the deadline; take `CHANGE_SECONDS` for what drives containers.

        Raises:
            ServiceError: of the class that the status means.
        """
        try:
            return await method(request, timeout=seconds, metadata=self._metadata())
        except grpc.aio.AioRpcError as error:
            raise self._explain(error) from error

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Q, R], request: Q, *, seconds: float | None = None
    ) -> AsyncGenerator[R, None]:
        """Call a method that answers with a stream, and yield each message.

        Args:
            method: one of `methods`.
            request: its request.
            seconds: the deadline of the whole stream; None for none.

        Raises:
            ServiceError: of the class that the status means.
        """
        call = method(request, timeout=seconds, metadata=self._metadata())
        try:
            async for message in call:
                yield message
        except grpc.aio.AioRpcError as error:
            raise self._explain(error) from error
        finally:
            call.cancel()

    @cached_property
    def _channel(self) -> grpc.aio.Channel:
        endpoint = self.endpoint
        roots, chain, key = (
            _read(path, endpoint.node) for path in (endpoint.ca_file, endpoint.certificate_file, endpoint.key_file)
        )
        credentials = grpc.ssl_channel_credentials(roots, key, chain)
        return grpc.aio.secure_channel(endpoint.address, credentials, options=_OPTIONS)

    @cached_property
    def _stub(self) -> McpAgentServiceStub:
        return McpAgentServiceStub(self._channel)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        token = self._read_token()
        if not (token.isascii() and token.isprintable()):  # gRPC would repeat it in an error
            raise AuthenticationFailed(
                "The token for nodes contains characters that a token cannot have, such as a line end",
                service=self._service,
            )
        return (("authorization", f"Bearer {token}"),) if token else ()

    def _explain(self, error: grpc.aio.AioRpcError) -> ServiceError:
        return from_status(error, node=self.endpoint.node, address=self.endpoint.address, service=self._service)


def _read(path: Path | None, node: str) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"Node {node}: the file {path} cannot be read ({error.strerror})",
            next_step="Correct the path in the node's configuration, or put the file there",
        ) from error

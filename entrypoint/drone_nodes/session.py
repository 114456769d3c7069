"""The nodes of the configuration: asks one, or all of them at once."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio

from ci_mcp_kit.errors import AuthenticationFailed, NotFound, Service, ServiceError
from ci_mcp_kit.suggesting import suggest
from drone_mcp_nodes_api.client import NodeClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType

    from drone_nodes.configuration.model import Configuration

R = TypeVar("R")

SERVICE = Service(
    "node",
    "NODE_ERROR",
    address="the node's address",
    token="the token",  # noqa: S106 - words
    token_source="one that the nodes know (drone-nodes login)",  # noqa: S106 - words
)


class MissingToken(AuthenticationFailed):
    """There is no token to ask any node with."""


@dataclass(frozen=True)
class Answer(Generic[R]):
    """What one node answered: a value or an error."""

    node: str
    value: R | None = None
    error: ServiceError | None = None


class Session:
    """Calls of one run of the command; each node has one connection.

    Args:
        configuration: names the nodes and the token.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._clients: dict[str, NodeClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def nodes(self) -> list[str]:
        """The names of all nodes.

        Raises:
            NotFound: there are none.
        """
        names = [*self.configuration.endpoints]
        if not names:
            step = "Add one: drone-nodes node add NAME ADDRESS --ca-file FILE"
            raise NotFound(f"{self.configuration.path} has no nodes", next_step=step)
        return names

    def client(self, node: str) -> NodeClient:
        """Return the client of a node.

        Raises:
            NotFound: the configuration has no such node.
        """
        if node not in self.nodes:
            step = suggest(node, self.nodes, "The configuration has")
            raise NotFound(f"There is no node {node!r} in {self.configuration.path}", next_step=step)
        if node not in self._clients:
            self._clients[node] = NodeClient(self.configuration.endpoints[node], self._read_token, SERVICE)
            self._stack.push_async_callback(self._clients[node].close)
        return self._clients[node]

    async def ask(
        self, question: Callable[[NodeClient], Awaitable[R]], nodes: Iterable[str] | None = None
    ) -> list[Answer[R]]:
        """Ask nodes at once, by default all of them; one that fails answers with its error."""
        answers: dict[str, Answer[R]] = {}

        async def ask_one(client: NodeClient) -> None:
            node = client.endpoint.node
            try:
                answers[node] = Answer(node, await question(client))
            except MissingToken:
                raise
            except ServiceError as error:
                answers[node] = Answer(node, error=error)

        clients = [self.client(node) for node in nodes or self.nodes]
        async with anyio.create_task_group() as group:
            for client in clients:
                group.start_soon(ask_one, client)
        return [answers[client.endpoint.node] for client in clients]

    def _read_token(self) -> str:
        if token := self.configuration.read_token():
            return token
        raise MissingToken("There is no token for the nodes", next_step="Run drone-nodes login, or set MCP_TOKEN")

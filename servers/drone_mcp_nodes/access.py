"""Gives the tools access to the daemons of the nodes: clients that read, and a client for the guard."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_mcp_http.call import quote_input
from ci_mcp_http.tokens import FileToken, StaticToken
from ci_mcp_kit.concurrency import run_all
from ci_mcp_kit.errors import InvalidInput, NotFound, PermissionDenied, ServiceError, TimedOut, Unreachable
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.suggesting import suggest
from drone_mcp_nodes.arguments import check_name
from drone_mcp_nodes.call_description import READING, NodeCall
from drone_mcp_nodes.scope import ServiceScope
from drone_mcp_nodes.service_descriptor import NODES, NODES_WRITES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from google.protobuf.message import Message

    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.guard.protocols import Gate
    from ci_mcp_kit.variables import Secret
    from drone_mcp_nodes.settings import NodesSettings
    from drone_mcp_nodes_api.client import NodeClient


@dataclass(frozen=True, slots=True)
class Place:
    """A service on a node."""

    node: str
    service: str

    def __str__(self) -> str:
        return f"{self.node}/{self.service}"


class NodeClients:
    """The clients of one token, one for each node, made on first use."""

    def __init__(
        self, settings: NodesSettings, token: Secret | None, token_file: Path | None, service: Service
    ) -> None:
        self._settings = settings
        self._service = service
        self._tokens = (
            FileToken(token_file, service) if token_file else StaticToken(token.reveal() if token else None, service)
        )
        self._clients: dict[str, NodeClient] = {}

    def of(self, node: str) -> NodeClient:
        """Return the client of a node; the same one until `aclose`."""
        # Before gRPC is loaded, which would write lines of its own to standard error; errors say the same
        # (grpc/grpc, doc/environment_variables.md).
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from drone_mcp_nodes_api.client import Endpoint, NodeClient  # noqa: PLC0415 - on first use, to start fast

        if node not in self._clients:
            endpoint = Endpoint(node, self._settings.nodes[node], self._settings.ca_file)
            self._clients[node] = NodeClient(endpoint, self._token, self._service)
        return self._clients[node]

    def _token(self) -> str:
        """Return the token as it is now, "" where there is none: the daemon then says what it takes."""
        token = self._tokens.current()
        return token.reveal() if token else ""

    async def aclose(self) -> None:
        """Close the connections."""
        # Taken out first: a call that comes meanwhile makes clients of its own, not ones that are half closed.
        clients, self._clients = self._clients, {}
        await run_all(*(client.close for client in clients.values()))


class NodesAccess:
    """Read access of one process to its nodes: no call that changes anything is sent.

    Attributes:
        settings: of the process.
        scope: the services that may be seen.
    """

    def __init__(self, settings: NodesSettings) -> None:
        self.settings = settings
        self.scope = ServiceScope(settings.services_seen)
        self.clean = Cleaner(Redactor(settings.secrets))
        self.at_close: list[Callable[[], Awaitable[None]]] = []
        """Functions to call at the end, in this order, before the connections are closed."""
        self._clients = NodeClients(settings, settings.token, settings.token_file, NODES)

    async def notice(self) -> str:
        """Return "": a daemon refuses a token that it does not know, and answers nobody as a guest."""
        return ""

    async def close(self) -> None:
        """Close what `at_close` names, then the connections."""
        for end in self.at_close:
            await end()
        await self._clients.aclose()

    def nodes(self) -> list[str]:
        """Return the nodes of which this role may see a service."""
        return [node for node in self.settings.nodes if self.scope.sees_any_of(node)]

    def check_node(self, node: str) -> str:
        """Return a node that this role may see.

        Raises:
            NotFound: there is none of this name.
        """
        known = self.nodes()
        if node not in known:
            raise NotFound(
                f"There is no node {quote_input(node)}. {suggest(node, known)}",
                next_step="Name a node that nodes_list_nodes shows",
                service=NODES,
            )
        return node

    def locate(self, service: str) -> Place:
        """Return a service that this role may see; the node may be left out where there is only one.

        Raises:
            InvalidInput: it is not of the form node/service.
            NotFound: there is no such node.
            PermissionDenied: it is outside of this role.
        """
        node, slash, name = service.rpartition("/")
        if not slash:
            if len(self.settings.nodes) > 1:
                raise InvalidInput(
                    f"{quote_input(service)} names no node, and there are {len(self.settings.nodes)}",
                    next_step="Write it as node/service, as nodes_list_services shows it",
                )
            node = next(iter(self.settings.nodes))
        place = Place(self.check_node(node), check_name(name, "service"))
        self.scope.check(str(place))
        return place

    async def read(self, node: str, operation: str, request: Message) -> Any:
        """Return the answer of a node to a call that reads.

        Raises:
            ServiceError: the node does not answer, or refuses.
        """
        client = self._clients.of(node)
        method = getattr(client.methods, check_reading(operation))
        return await client.call(method, request, seconds=self.settings.timeout)

    def stream(self, node: str, operation: str, request: Message) -> AsyncGenerator[Any]:
        """Return the answers of a node to a call that reads, one after the other."""
        client = self._clients.of(node)
        method = getattr(client.methods, check_reading(operation))
        return client.stream(method, request, seconds=self.settings.timeout)

    async def read_all(self, operation: str, request: Message, only: str = "") -> dict[str, Any]:
        """Return node -> its answer to the same call, or the error that it failed with.

        Raises:
            ServiceError: no node has answered; it is that of the first one.
        """
        nodes = [self.check_node(only)] if only else self.nodes()
        found: dict[str, Any] = {}

        async def ask(node: str) -> None:
            try:
                found[node] = await self.read(node, operation, request)
            except ServiceError as error:
                found[node] = error

        await run_all(*(lambda node=node: ask(node) for node in nodes))
        answers = [found[node] for node in nodes]
        if answers and all(isinstance(answer, ServiceError) for answer in answers):
            raise answers[0]
        return {node: found[node] for node in nodes}


def check_reading(operation: str) -> str:
    """Refuse every call that is not plainly a read, before it leaves.

    Raises:
        PermissionDenied: it may change something.
    """
    if operation not in READING:
        raise PermissionDenied(f"{operation} would change something, and only the guard sends that", service=NODES)
    return operation


class NodesWriter:
    """The client that may change services: every call passes the scope and the guard, and is sent once."""

    def __init__(self, access: NodesAccess, gate: Gate) -> None:
        guarded = access.settings.guard
        self._scope = access.scope
        self._gate = gate
        self._clients = NodeClients(access.settings, guarded.write_token, guarded.write_token_file, NODES_WRITES)

    async def send(self, call: NodeCall) -> Any:
        """Send a call and return the answer."""
        self._gate(call)
        client = self._clients.of(call.node)
        try:
            return await client.call(getattr(client.methods, call.operation), call.request, seconds=call.seconds)
        except (TimedOut, Unreachable) as error:
            # Without a connection, the node has not seen the call. gRPC has one status for that and for a connection
            # that broke; its words tell them apart (grpc/grpc, src/core/load_balancing/pick_first/pick_first.cc).
            error.outcome_unknown = "failed to connect to all addresses" not in str(error.__cause__)
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._clients.aclose()

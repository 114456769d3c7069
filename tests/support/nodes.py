"""Nodes that answer over gRPC and TLS what a test sets, and an agent of a nodes server in front of them.

    async with nodes_desk(tmp_path, {"web-1": shop_node()}) as desk:
        answer = await desk.call("nodes_list_services")

This is for what the server makes of answers. What a daemon answers is tested with the daemon.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from mcp import Client

from ci_mcp_kit.errors import ServiceError
from drone_mcp_nodes.call_description import SERVICE
from drone_mcp_nodes.server import create
from drone_mcp_nodes.settings import NodesSettings
from drone_mcp_nodes_api.errors import to_status
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.agent import Agent
from support.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from google.protobuf.descriptor import MethodDescriptor

    from support.actions_desk import Person

READS = "reading111-atokenofthetests111"
WRITES = "writing222-atokenofthetests222"
NOW = 1_800_000_000.0
ON: dict[str, Any] = {
    "NODES_ACTIONS": "on",
    "NODES_ACTION_SERVICES": "*/*",
    "NODES_ACTION_CONFIRM": "high",
    "NODES_ACTION_RATE": "9999/m",
}


@dataclass
class PlayedNode:
    """A node whose daemon answers what a test sets.

    Attributes:
        answers: method -> a message, the messages of a stream, an error, or a function from the request to one of them.
        asked: the calls that arrived: method, request, token.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any, str]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        """The methods that were called."""
        return [method for method, _, _ in self.asked]

    def request(self, method: str) -> Any:
        """The newest request of a method."""
        return next(request for name, request, _ in reversed(self.asked) if name == method)

    def answer(self, method: MethodDescriptor, request: Any, token: str) -> Any:
        """Return what a call is answered."""
        self.asked.append((method.name, request, token))
        found = self.answers.get(method.name, GetMessageClass(method.output_type)())
        found = found(request) if callable(found) and not isinstance(found, type) else found
        if isinstance(found, ServiceError):
            raise found
        return found

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return what serves every method of the service."""
        service = pb.DESCRIPTOR.services_by_name["McpAgentService"]
        handlers = {method.name: self._handler(method) for method in service.methods}
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        async def found(request: Any, context: Any) -> Any:
            token = dict(context.invocation_metadata()).get("authorization", "").removeprefix("Bearer ")
            try:
                return self.answer(method, request, token)
            except ServiceError as error:
                code, details, metadata = to_status(error)
                return await context.abort(code, details, metadata)

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            for message in await found(request, context):
                yield message

        make = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        serve: Any = stream if method.server_streaming else found
        reads = GetMessageClass(method.input_type).FromString
        return make(serve, reads, lambda message: message.SerializeToString())


@asynccontextmanager
async def serving(node: PlayedNode, authority: Authority) -> AsyncIterator[str]:
    """Serve a node on loopback; yield its address."""
    certificate, key = authority.sign("node")
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((node.handlers(),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        await server.stop(None)


@dataclass
class NodesDesk(Agent):
    """An agent at work: its client, its nodes and the audit file."""

    client: Client
    nodes: Mapping[str, PlayedNode]
    audit: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The audit lines."""
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def events(self) -> list[str]:
        """The events of the audit lines."""
        return [line["event"] for line in self.lines]


async def _pass(_: float) -> None:
    """Wait no time at all."""


@asynccontextmanager
async def nodes_desk(
    folder: Path, nodes: Mapping[str, PlayedNode | None], person: Person | None = None, **env: str
) -> AsyncIterator[NodesDesk]:
    """Serve nodes, and connect an agent that may change nothing unless `env` says so; None is a node that is down."""
    authority, audit = Authority(folder), folder / "audit.jsonl"
    async with AsyncExitStack() as stack:
        addresses = {
            name: await stack.enter_async_context(serving(node, authority)) if node else "https://127.0.0.1:9"
            for name, node in nodes.items()
        }
        variables = {
            "NODES_ADDRESSES": " ".join(f"{name}={address}" for name, address in addresses.items()),
            "NODES_TOKEN": READS,
            "NODES_CA_FILE": str(authority.file),
            "NODES_WRITE_TOKEN": WRITES,
            "DRONE_MCP_AUDIT_LOG": str(audit),
            **env,
        }
        server = create(NodesSettings.from_environment(variables), lambda: NOW, _pass)
        client = await stack.enter_async_context(Client(server, elicitation_callback=person))
        yield NodesDesk(client, {name: node for name, node in nodes.items() if node}, audit)


def at(seconds_ago: float) -> Timestamp:
    """Return a moment before now."""
    return Timestamp(seconds=int(NOW - seconds_ago))


def component(name: str = "web", version: str = "v1.2.0", **more: Any) -> pb.ComponentStatus:
    """Return a component that runs for three hours as it should, but for `more`."""
    facts: dict[str, Any] = {
        "name": name,
        "container": f"shop-{name}",
        "desired": pb.STATE_RUNNING,
        "observed": pb.STATE_RUNNING,
        "image": f"registry.example.com/shop/{name}:{version}",
        "version": version,
        "started_at": at(3 * 3_600),
        "observed_at": at(10),
    }
    return pb.ComponentStatus(**(facts | more))


def service(*components: pb.ComponentStatus, name: str = "shop", **more: Any) -> pb.ServiceStatus:
    """Return an active service at revision 7 with these components, one that runs if none are given."""
    found = components or (component(),)
    spec = pb.ServiceSpec(
        name=name,
        node="web-1",
        active=True,
        components=[pb.ComponentSpec(name=one.name, image=one.image) for one in found],
    )
    facts: dict[str, Any] = {"name": name, "active": True, "revision": 7, "spec": spec}
    return pb.ServiceStatus(components=found, **(facts | more))


def node_of(*services: pb.ServiceStatus, **answers: Any) -> PlayedNode:
    """Return a node with these services; `answers` come before what follows from them."""
    known = {one.name: one for one in services}
    found = {
        "GetNode": pb.GetNodeResponse(
            name="web-1",
            agent_version="0.1.0",
            runtime="podman",
            runtime_version="4.3.1",
            memory_total=8 * 2**30,
            memory_free=3 * 2**30,
            disk_free=40 * 2**30,
            monitored_at=at(12),
        ),
        "ListServices": pb.ListServicesResponse(services=services),
        "LiveCheck": pb.LiveCheckResponse(services=services),
        "GetServiceStatus": lambda request: pb.GetServiceStatusResponse(service=known[request.service]),
    }
    return PlayedNode(found | answers)

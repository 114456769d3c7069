"""The service `mcp.v1.McpAgentService`: a method reads its request, calls what does the work, and makes the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
import grpc.aio
from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_node_agent.auth.callers import SERVICE, current_caller
from drone_mcp_node_agent.files.folder import ServiceFolders, StoredFile
from drone_mcp_node_agent.serving.streams import read_logs, stream_deploy, watch_events
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceServicer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_node_agent.deploying.service_operations import Operations
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime
    from drone_mcp_node_agent.secret_store import SecretStore
    from drone_mcp_node_agent.serving.node_info import Node

Context = grpc.aio.ServicerContext[Any, Any]

MOST_EVENTS: Final = 1000
MOST_REVISIONS: Final = 200


class NodeService(McpAgentServiceServicer):
    """The methods of the service.

    Args:
        operations: what can be done with services.
        registry: the daemon's memory, for what is only read.
        runtime: the container engine, for logs.
        folders: the files of services.
        secrets: the secrets of the node.
        node: the node itself.
    """

    def __init__(
        self,
        operations: Operations,
        registry: Registry,
        runtime: Runtime,
        folders: ServiceFolders,
        secrets: SecretStore,
        node: Node,
    ) -> None:
        self._operations = operations
        self._registry = registry
        self._runtime = runtime
        self._folders = folders
        self._secrets = secrets
        self._node = node

    @override
    async def Deploy(self, request: pb.DeployRequest, context: Context) -> pb.DeployResponse:
        return await self._operations.deploy(request, current_caller().name)

    @override
    async def StreamDeploy(self, request: pb.DeployRequest, context: Context) -> AsyncIterator[pb.DeployUpdate]:
        async for update in stream_deploy(self._operations, request, current_caller().name):
            yield update

    @override
    async def StopService(self, request: pb.StopServiceRequest, context: Context) -> pb.StopServiceResponse:
        results = await self._operations.stop(request.service, request.component, current_caller().name)
        return pb.StopServiceResponse(results=results)

    @override
    async def StartService(self, request: pb.StartServiceRequest, context: Context) -> pb.StartServiceResponse:
        results = await self._operations.start(request.service, request.component, current_caller().name)
        return pb.StartServiceResponse(results=results)

    @override
    async def RestartService(self, request: pb.RestartServiceRequest, context: Context) -> pb.RestartServiceResponse:
        results = await self._operations.restart(request.service, request.component, current_caller().name)
        return pb.RestartServiceResponse(results=results)

    @override
    async def RemoveService(self, request: pb.RemoveServiceRequest, context: Context) -> pb.RemoveServiceResponse:
        return pb.RemoveServiceResponse(results=await self._operations.remove(request.service, current_caller().name))

    @override
    async def RollbackService(self, request: pb.RollbackServiceRequest, context: Context) -> pb.DeployResponse:
        return await self._operations.rollback(request.service, request.revision, current_caller().name)

    @override
    async def SyncDesiredState(
        self, request: pb.SyncDesiredStateRequest, context: Context
    ) -> pb.SyncDesiredStateResponse:
        return await self._operations.sync(request, current_caller().name)

    @override
    async def AdoptContainer(self, request: pb.AdoptContainerRequest, context: Context) -> pb.AdoptContainerResponse:
        return await self._operations.adopt(request, current_caller().name)

    @override
    async def PlanDeploy(self, request: pb.PlanDeployRequest, context: Context) -> pb.PlanDeployResponse:
        return await self._operations.plan(request)

    @override
    async def ListServices(self, request: pb.ListServicesRequest, context: Context) -> pb.ListServicesResponse:
        return pb.ListServicesResponse(services=await self._operations.list_services())

    @override
    async def LiveCheck(self, request: pb.LiveCheckRequest, context: Context) -> pb.LiveCheckResponse:
        return await self._operations.live_check(request.service)

    @override
    async def GetServiceStatus(
        self, request: pb.GetServiceStatusRequest, context: Context
    ) -> pb.GetServiceStatusResponse:
        since = request.events_since.ToNanoseconds() / 1e9
        limit = _bounded("events_limit", request.events_limit, 20, MOST_EVENTS)
        return await self._operations.status(request.service, since=since, limit=limit)

    @override
    async def ListRevisions(self, request: pb.ListRevisionsRequest, context: Context) -> pb.ListRevisionsResponse:
        limit = _bounded("limit", request.limit, 20, MOST_REVISIONS)
        return pb.ListRevisionsResponse(revisions=await self._registry.list_revisions(request.service, limit))

    @override
    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        events = await self._registry.list_events(
            request.service,
            request.component,
            since=request.since.ToNanoseconds() / 1e9,
            after=request.after,
            limit=_bounded("limit", request.limit, 100, MOST_EVENTS),
        )
        return pb.ListEventsResponse(events=events)

    @override
    async def WatchEvents(self, request: pb.WatchEventsRequest, context: Context) -> AsyncIterator[pb.Event]:
        async for event in watch_events(self._registry, request):
            yield event

    @override
    async def ReadLogs(self, request: pb.ReadLogsRequest, context: Context) -> AsyncIterator[pb.LogLine]:
        async for line in read_logs(self._operations, self._runtime, request):
            yield line

    @override
    async def GetNode(self, request: pb.GetNodeRequest, context: Context) -> pb.GetNodeResponse:
        return await self._node.describe(current_caller())

    @override
    async def PushFile(self, request: pb.PushFileRequest, context: Context) -> pb.PushFileResponse:
        file = StoredFile(request.content, request.mode)
        if request.sha256 and request.sha256 != file.sha256:
            raise InvalidInput("The content does not have the SHA-256 that was sent with it", service=SERVICE)
        # In a thread, because it waits for the disk.
        changed = await anyio.to_thread.run_sync(self._folders.push, request.service, request.path, file)
        return pb.PushFileResponse(path=request.path, changed=changed)

    @override
    async def PullFile(self, request: pb.PullFileRequest, context: Context) -> pb.PullFileResponse:
        file = await anyio.to_thread.run_sync(self._folders.pull, request.service, request.path)
        return pb.PullFileResponse(content=file.content, mode=file.mode, sha256=file.sha256)

    @override
    async def PutSecret(self, request: pb.PutSecretRequest, context: Context) -> pb.PutSecretResponse:
        return pb.PutSecretResponse(sha256=await self._secrets.put(request.name, request.value))

    @override
    async def ListSecrets(self, request: pb.ListSecretsRequest, context: Context) -> pb.ListSecretsResponse:
        return pb.ListSecretsResponse(secrets=await self._secrets.list_all())

    @override
    async def DeleteSecret(self, request: pb.DeleteSecretRequest, context: Context) -> pb.DeleteSecretResponse:
        await self._secrets.delete(request.name)
        return pb.DeleteSecretResponse()


def _bounded(name: str, value: int, default: int, most: int) -> int:
    """Return how many items a caller wants, where 0 means the default."""
    if not 0 <= value <= most:
        raise InvalidInput(f"{name} is {value}: ask for 1 to {most}", service=SERVICE)
    return value or default

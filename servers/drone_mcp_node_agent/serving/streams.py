"""The methods that answer with a stream. Each is an async generator, which gRPC cancels when its caller leaves."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.background import BackgroundTask, running
from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceError
from drone_mcp_node_agent.auth.callers import SERVICE
from drone_mcp_node_agent.serving.runtime_errors import translated
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from anyio.streams.memory import MemoryObjectSendStream

    from drone_mcp_node_agent.deploying.service_operations import Operations
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import LogLine, Runtime

WAITING: Final = 1000  # messages that wait for a slow reader
DEFAULT_TAIL: Final = 200
LONGEST_TAIL: Final = 10_000


async def stream_deploy(operations: Operations, request: pb.DeployRequest, by: str) -> AsyncGenerator[pb.DeployUpdate]:
    """Deploy, and report the progress until there is a response. The deployment goes on if the reader leaves."""
    send, receive = anyio.create_memory_object_stream[pb.Progress](WAITING)
    ended: list[pb.DeployResponse | ServiceError] = []

    def report(progress: pb.Progress) -> None:
        # A reader that is too slow, or has left, misses progress.
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError):
            send.send_nowait(progress)

    async def deploy() -> None:
        with send:
            try:
                ended.append(await operations.deploy(request, by, report))
            except ServiceError as error:
                ended.append(error)

    task = BackgroundTask(deploy)
    with receive:
        async for progress in receive:
            yield pb.DeployUpdate(progress=progress)
    await task.wait()
    if not ended:
        raise RuntimeError("the deployment has failed")  # which the task has logged
    if isinstance(ended[0], ServiceError):
        raise ended[0]
    yield pb.DeployUpdate(response=ended[0])


async def watch_events(registry: Registry, request: pb.WatchEventsRequest) -> AsyncGenerator[pb.Event]:
    """Give the events after an id, or new ones, as they come."""
    after = request.after or await registry.latest_event_id()
    while True:
        for event in await registry.read_news(request.service, after=after):
            after = event.id
            yield event


async def read_logs(
    operations: Operations, runtime: Runtime, request: pb.ReadLogsRequest
) -> AsyncGenerator[pb.LogLine]:
    """Give the last lines of the containers of a service, and those to come if the caller follows them."""
    if not 0 <= request.tail <= LONGEST_TAIL:
        raise InvalidInput(f"tail is {request.tail}: ask for 1 to {LONGEST_TAIL} lines", service=SERVICE)
    tail = request.tail or DEFAULT_TAIL
    containers = await operations.container_names(request.service, request.component)
    if not containers:
        raise NotFound(f"{request.service} has no container on this node", service=SERVICE)
    since = request.since.ToDatetime(tzinfo=UTC) if request.HasField("since") else None
    if not request.follow:
        for component, container in containers.items():
            with translated():
                lines = await runtime.tail_logs(container, tail)
            for line in lines:
                if line.at is None or since is None or line.at >= since:
                    yield _message(component, line)
        return
    faults: list[BaseException] = []
    async with AsyncExitStack() as stack:
        send, receive = anyio.create_memory_object_stream[pb.LogLine](WAITING)
        for component, container in containers.items():
            part = send.clone()
            follow = running(_follow, runtime, component, container, tail, since, part, on_fault=faults.append)
            await stack.enter_async_context(follow)
        send.close()
        with receive:
            async for message in receive:
                yield message
    if faults:
        raise faults[0]


async def _follow(
    runtime: Runtime,
    component: str,
    container: str,
    tail: int,
    since: datetime | None,
    send: MemoryObjectSendStream[pb.LogLine],
) -> None:
    with send, translated():
        async with runtime.follow_logs(container, tail, since) as lines:
            async for line in lines:
                await send.send(_message(component, line))


def _message(component: str, line: LogLine) -> pb.LogLine:
    message = pb.LogLine(stream=line.stream, text=line.text, component=component)
    if line.at:
        message.at.FromDatetime(line.at)
    return message

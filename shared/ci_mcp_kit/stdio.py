"""The transport between a client's two pipes and the SDK's server.

Unlike the SDK's own (2.3.0, `mcp/server/stdio.py`) it answers what is no message, and it can be interrupted: after a
signal that one would clean up and then hang until its client closes the pipe
(https://github.com/modelcontextprotocol/python-sdk/issues/2663).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp.shared.message import SessionMessage
from mcp.types import INTERNAL_ERROR, ErrorData, JSONRPCError, JSONRPCRequest, JSONRPCResponse
from pydantic_core import PydanticSerializationError

from ci_mcp_kit.jsonrpc import LineSplitter, Reader, Refusal
from ci_mcp_kit.sdk_internals import lowlevel_server

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.server.mcpserver import MCPServer
    from mcp.types import JSONRPCMessage

    from ci_mcp_kit.pipes import Input, Output

logger = logging.getLogger(__name__)

LAST_ANSWERS = 0.1  # seconds for answers after the end of the input, as of `printf ... | server`


def run(server: MCPServer[Any], stdin: Input, stdout: Output) -> None:
    """Serve over `stdin` and `stdout` until the input ends."""
    anyio.run(_serve, server, stdin, stdout)


async def _serve(server: MCPServer[Any], stdin: Input, stdout: Output) -> None:
    to_server, messages = anyio.create_memory_object_stream[SessionMessage | Exception]()
    to_client, answers = anyio.create_memory_object_stream[SessionMessage | Refusal]()
    lowlevel = lowlevel_server(server)  # `MCPServer.run_stdio_async` takes no streams
    async with anyio.create_task_group() as group:
        unanswered: set[str | int | None] = set()
        group.start_soon(_read, stdin, to_server, to_client.clone(), unanswered)
        group.start_soon(_write, answers, stdout, unanswered)
        await lowlevel.run(messages, to_client, lowlevel.create_initialization_options())


async def _read(
    stdin: Input,
    to_server: MemoryObjectSendStream[SessionMessage | Exception],
    to_client: MemoryObjectSendStream[SessionMessage | Refusal],
    unanswered: set[str | int | None],
) -> None:
    lines, reader = LineSplitter(), Reader()
    async with to_server, to_client:
        while True:
            data = await anyio.to_thread.run_sync(stdin.receive)
            # A last line may lack its line end; one that a signal has cut short is not answered.
            ended = [] if not data and stdin.was_told_to_end else lines.feed(data or b"\n")
            for message in (message for line in ended for message in reader.read(line)):
                if isinstance(message, Refusal):
                    logger.info("A message was refused: %s", message.message)
                    await to_client.send(message)
                    continue
                if isinstance(message, JSONRPCRequest):
                    unanswered.add(message.id)
                await to_server.send(SessionMessage(message))
            if not data:
                break
        # The SDK cancels what is under way once the input has ended, even before it has begun.
        with anyio.move_on_after(0 if stdin.was_told_to_end else LAST_ANSWERS):
            while unanswered:  # noqa: ASYNC110 - for an instant, at the end
                await anyio.sleep(LAST_ANSWERS / 20)


async def _write(
    answers: MemoryObjectReceiveStream[SessionMessage | Refusal],
    stdout: Output,
    unanswered: set[str | int | None],
) -> None:
    async with answers:
        async for answer in answers:
            text = answer.as_json() if isinstance(answer, Refusal) else _as_json(answer.message)
            await anyio.to_thread.run_sync(stdout.write_line, text.encode())
            if isinstance(answer, SessionMessage) and isinstance(answer.message, JSONRPCResponse | JSONRPCError):
                unanswered.discard(answer.message.id)


def _as_json(message: JSONRPCMessage) -> str:
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True)
    except PydanticSerializationError:
        if not isinstance(message, JSONRPCResponse):
            raise
        logger.exception("An answer cannot be written as JSON")
        error = ErrorData(code=INTERNAL_ERROR, message="The answer cannot be written as JSON")
        return JSONRPCError(jsonrpc="2.0", id=message.id, error=error).model_dump_json()

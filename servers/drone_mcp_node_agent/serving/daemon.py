"""The daemon: opens the registry, recovers what an earlier daemon left, serves, monitors, and ends gracefully."""

from __future__ import annotations

import fcntl
import json
import logging
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import anyio
import grpc.aio

from ci_mcp_kit import logs
from ci_mcp_kit.background import running
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.audit_sinks import sink_of
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.settings import ProcessSettings
from drone_mcp_node_agent.auth.audit import Audit
from drone_mcp_node_agent.auth.introspection import IdentityServer
from drone_mcp_node_agent.auth.token_file import TokenFile
from drone_mcp_node_agent.deploying.service_operations import Operations
from drone_mcp_node_agent.files.folder import ServiceFolders
from drone_mcp_node_agent.monitoring.monitor import Monitor
from drone_mcp_node_agent.planning.flapping import FlapRule
from drone_mcp_node_agent.registry.registry import Registry
from drone_mcp_node_agent.runtime.podman import Podman
from drone_mcp_node_agent.secret_store import SecretStore
from drone_mcp_node_agent.serving import systemd
from drone_mcp_node_agent.serving.interceptor import EveryCall
from drone_mcp_node_agent.serving.node_info import Node
from drone_mcp_node_agent.serving.service import NodeService
from drone_mcp_node_agent.serving.tls import TlsError, server_credentials
from drone_mcp_nodes_api.limits import LARGEST_MESSAGE
from drone_mcp_nodes_api.wire.agent_pb2_grpc import add_McpAgentServiceServicer_to_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from drone_mcp_node_agent.configuration.model import Configuration

logger = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 60.0  # for operations that run when the daemon has to end
GRACE_SECONDS: Final = 2.0  # for the answers of calls that are left


class StartError(Exception):
    """The daemon cannot start; its text is for the user."""


def run_daemon(configuration: Configuration) -> None:
    """Run the daemon until SIGINT or SIGTERM.

    Raises:
        StartError: something that it needs cannot be used.
    """
    settings = ProcessSettings(log_level=configuration.log.level, log_format=configuration.log.format)
    writer = logs.configure(settings, Cleaner())
    try:
        with _only_one(configuration.paths.state):
            anyio.run(_run, configuration)
    except (ServiceError, TlsError, OSError) as error:
        raise StartError(f"The daemon cannot start: {error}") from error
    finally:
        writer.close()


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the lock of the state folder: two daemons would undo each other's operations."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "daemon.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"Another daemon uses {state}. Stop it first.") from None
        yield


async def _run(configuration: Configuration) -> None:
    # Listening to signals before anything else: a signal that arrives during the recovery takes effect after it.
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with _serving(configuration) as address:
            logger.info("The daemon of node %s listens on %s", configuration.node, address)
            sys.stdout.write(json.dumps({"address": address}) + "\n")
            sys.stdout.flush()
            systemd.notify("READY=1")
            async for number in signals:
                logger.info("The daemon ends, after %s", signal.Signals(number).name)
                systemd.notify("STOPPING=1")
                break


@asynccontextmanager
async def _serving(configuration: Configuration) -> AsyncIterator[str]:
    """Serve and monitor for as long as the block takes; give the address."""
    paths = configuration.paths
    async with AsyncExitStack() as stack:
        registry = await Registry.open(str(paths.registry))
        stack.push_async_callback(registry.close)
        flap = FlapRule(configuration.monitor.flap_restarts, configuration.monitor.flap_window)
        runtime = Podman(configuration.podman.program, str(paths.state))
        operations = Operations(runtime, registry, configuration.node, flap)
        await operations.recover()
        monitor = Monitor(configuration, operations, registry, runtime)
        node = Node(configuration.node, runtime, paths.state, lambda: monitor.monitored_at)
        folders = ServiceFolders(paths.files, configuration.limits.file_bytes)
        service = NodeService(operations, registry, runtime, folders, SecretStore(runtime, registry), node)
        server, address = _bind(configuration, service)
        await server.start()
        # Left in the opposite order: no new operations, then no calls, then no monitor.
        await stack.enter_async_context(running(monitor.run))
        stack.push_async_callback(server.stop, GRACE_SECONDS)
        stack.push_async_callback(operations.drain, DRAIN_SECONDS)
        yield address


def _bind(configuration: Configuration, service: NodeService) -> tuple[grpc.aio.Server, str]:
    limits, introspection = configuration.limits, configuration.auth.introspection
    authenticator = IdentityServer(introspection) if introspection else TokenFile(configuration.auth.tokens)
    audit = Audit(sink_of(configuration.log.audit, None), configuration.node)
    options: list[tuple[str, Any]] = [
        ("grpc.max_receive_message_length", LARGEST_MESSAGE),
        ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ("grpc.max_metadata_size", 16 * 1024),
        ("grpc.so_reuseport", 0),  # a second daemon on the port fails instead of taking half of the calls
    ]
    server = grpc.aio.server(
        interceptors=[EveryCall(authenticator, audit, limits.streams)],
        options=options,
        maximum_concurrent_rpcs=limits.calls,
    )
    add_McpAgentServiceServicer_to_server(service, server)
    try:
        port = server.add_secure_port(configuration.listen, server_credentials(configuration.tls))
    except RuntimeError:
        raise StartError(f"The daemon cannot listen on {configuration.listen}: the port is taken") from None
    host = configuration.listen.rpartition(":")[0]
    return server, f"{host}:{port}"

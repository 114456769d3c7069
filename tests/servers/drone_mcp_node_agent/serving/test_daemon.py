"""The daemon as a process: how it starts, how it ends, and what it tells systemd."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import anyio.to_thread
import grpc
import grpc.aio
import pytest

from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_mcp_nodes_api.wire.agent_pb2_grpc import McpAgentServiceStub
from support.certificates import Authority
from support.node_daemon import make_node, node_daemon
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from pathlib import Path


def start(node_configuration: Path) -> subprocess.CompletedProcess[str]:
    """Start a daemon that is meant to end by itself."""
    command = [*warm_python(), "-m", "drone_mcp_node_agent", "run", "--config", str(node_configuration)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_tells_systemd_that_it_is_ready_and_that_it_ends_and_then_ends(tmp_path: Path, number: int) -> None:
    node = make_node(tmp_path / "node")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(tmp_path / "notify"))
        notices.settimeout(PATIENCE)
        with node_daemon(node, NOTIFY_SOCKET=str(tmp_path / "notify")) as daemon:
            assert notices.recv(100) == b"READY=1"
            async with daemon.client("bob") as bob:
                stream = bob.WatchEvents(pb.WatchEventsRequest())
                await stream.wait_for_connection()
                status, log = await anyio.to_thread.run_sync(daemon.stop, number)
                assert await stream.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
            assert notices.recv(100) == b"STOPPING=1"

    records = [json.loads(line) for line in log.splitlines()]
    assert status == 0
    warnings = [record["message"] for record in records if record["level"] in {"warning", "error"}]
    assert all(warning.startswith("The services were not looked at: ") for warning in warnings)  # no podman here
    assert f"The daemon ends, after {signal.Signals(number).name}" in [record["message"] for record in records]


def test_its_files_are_for_its_user_alone(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    with node_daemon(node) as daemon:
        daemon.stop()
    modes = {path.name: path.stat().st_mode & 0o777 for path in node.state.iterdir() if path.suffix == ".db"}

    assert modes == {"registry.db": 0o600}
    assert node.state.stat().st_mode & 0o777 == 0o700


def test_a_second_daemon_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    with node_daemon(node):
        second = start(node.configuration)
    assert second.returncode == 1
    assert f"Another daemon uses {node.state}. Stop it first." in second.stderr


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        node.configure({"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        ended = start(node.configuration)
    assert ended.returncode == 1
    assert "The daemon cannot listen on 127.0.0.1:" in ended.stderr


def test_a_missing_certificate_is_reported(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    (tmp_path / "node" / "agent.crt").unlink()
    ended = start(node.configuration)
    assert ended.returncode == 1
    assert "agent.crt: No such file or directory" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_with_an_authority_for_clients_only_those_with_a_certificate_of_it_get_in(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    clients = Authority(tmp_path, "clients")
    certificate, key = clients.sign("laptop")
    node.configure({"tls": {"client_ca": str(clients.file)}})
    authority = node.authority.file.read_bytes()
    token = grpc.access_token_call_credentials(node.tokens["bob"])
    with node_daemon(node) as daemon:
        for ours, code in (
            ((key.read_bytes(), certificate.read_bytes()), grpc.StatusCode.OK),
            ((None, None), grpc.StatusCode.UNAVAILABLE),
        ):
            trusted = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(authority, *ours), token)
            async with grpc.aio.secure_channel(daemon.address, trusted) as channel:
                call = McpAgentServiceStub(channel).GetNode(pb.GetNodeRequest(), timeout=PATIENCE)
                assert await call.code() == code


async def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node")
    with node_daemon(node) as daemon:
        async with daemon.client("bob") as bob:
            await bob.GetNode(pb.GetNodeRequest())
        renewed = Authority(tmp_path / "node")  # another key: the old certificate is worth nothing to its clients
        renewed.sign("agent")
        async with daemon.client("bob") as bob:
            assert (await bob.GetNode(pb.GetNodeRequest(), timeout=PATIENCE)).name == "web-1"

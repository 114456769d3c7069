"""Every process answers, is healthy and ends in order while nobody reads its standard error."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.client_pipes import HANDSHAKE, NOWHERE
from support.installed import PACKAGES, SERVERS, environment_of
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is set")

PIPE = 4096  # bytes, the smallest (fcntl(2), F_SETPIPE_SZ)
ROUNDS = 60  # of a record each, which is more than the pipe takes
SECRET = "x" * 32


@contextmanager
def unread(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module whose standard error is a pipe that is full from the start and that nobody reads."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
    os.write(writing, b"x" * PIPE)
    kept = {name: value for name, value in os.environ.items() if "DRONE" not in name}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*warm_python(), "-m", *command], stdin=pipe, stdout=pipe, stderr=writing, env=kept | environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            os.close(reading)
            os.close(writing)


def ask(process: subprocess.Popen[bytes], number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"
    )
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    assert answer["id"] == number
    return answer


@pytest.mark.parametrize("wrong", [False, True], ids=["right environment", "wrong environment"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_over_stdio_answers_and_ends(name: str, wrong: bool) -> None:
    environment = environment_of(name) | ({"DRONE_MCP_LOG_LEVEL": "loud"} if wrong else {})
    with unread([PACKAGES[name]], environment) as process:
        ask(process, 0, "initialize", HANDSHAKE)
        tools = ask(process, 1, "tools/list", {})["result"]["tools"]
        for number in range(2, ROUNDS):
            answer = ask(process, number, "tools/call", {"name": tools[0]["name"], "arguments": {"wrong": 1}})
            assert answer["result"]["isError"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


SERVICES = {
    "one server over HTTP": ["drone_mcp_builds", "--http", "127.0.0.1:0"],
    "a role over HTTP": ["drone_mcp_config", "serve", "--role", "ui", "--http", "127.0.0.1:0"],
    "the receiver": ["drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0"],
    "the simulator": ["drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0"],
}


@pytest.mark.parametrize("command", SERVICES.values(), ids=SERVICES)
def test_a_service_answers_is_healthy_and_ends(command: list[str], tmp_path: Path) -> None:
    environment = {**NOWHERE, "DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": f"sqlite:///{tmp_path}/state.db"}
    with unread(command, environment) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(trust_env=False, timeout=PATIENCE, base_url=url) as http:
            for _ in range(ROUNDS):
                http.post("/mcp", content=b"no JSON")
                http.post("/webhooks", content=b"unsigned")
                # The HTTP server itself warns of a request that it cannot read.
                with socket.create_connection((http.base_url.host, http.base_url.port or 0), PATIENCE) as connection:
                    connection.sendall(b"nonsense\r\n\r\n")
                    assert connection.recv(1024)
            assert http.get("/healthz").status_code in {200, 404}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0

"""A process that serves MCP over HTTP, and clients of it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager

TESTS = Path(__file__).parents[1]
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for plain HTTP; loading the public authorities takes 25 ms a client
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


class HttpProcess:
    """A running process and its address."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any]) -> None:
        self.process = process
        self.told = told
        self.url = told["url"]

    def metrics(self) -> dict[str, float]:
        """Read what Prometheus reads: each line's name and labels, and its value."""
        with httpx.Client(trust_env=False, verify=PLAIN, timeout=PATIENCE) as http:
            lines = http.get(self.told["metrics"]).raise_for_status().text.splitlines()
        pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name: float(value) for name, _, value in pairs}

    def ask(self, path: str = "/mcp", method: str = "POST", **headers: str) -> httpx.Response:
        """Send one request as any HTTP client may; a POST lists the tools."""
        return self.send(method, path, json.dumps(CALL) if method == "POST" else None, headers)

    def send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> httpx.Response:
        """Send any request."""
        with httpx.Client(trust_env=False, verify=PLAIN, timeout=PATIENCE) as http:
            return http.request(method, self.url + path, headers={**HEADERS, **headers}, content=body)

    @asynccontextmanager
    async def client(self, path: str = "/mcp", mode: Any = "auto", **headers: str) -> AsyncIterator[Client]:
        """Connect an MCP client."""
        async with mcp_client(self.url + path, mode, **headers) as client:
            yield client

    def ending(self) -> tuple[int, str]:
        """Return the exit status and what was on stderr."""
        status = self.process.wait(PATIENCE)
        assert self.process.stderr
        return status, self.process.stderr.read()


@asynccontextmanager
async def mcp_client(url: str, mode: Any = "auto", **headers: str) -> AsyncIterator[Client]:
    """Connect an MCP client to an address."""
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, verify=PLAIN, timeout=PATIENCE) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def started(*command: str, **environment: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start a module of ours with arguments, and nothing of this machine's own settings."""
    return _started([*warm_python(), "-m", *command], environment)


def serving(*command: str, **environment: str) -> AbstractContextManager[HttpProcess]:
    """Start what serves, and wait for the line that says where."""
    return _serving([*warm_python(), "-m", *command], environment)


def serving_alone(*command: str, **environment: str) -> AbstractContextManager[HttpProcess]:
    """Start what serves in a new interpreter: its process is the one of `Popen`, whose memory and time can be read."""
    return _serving([sys.executable, "-m", *command], environment)


@contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    kept = {name: value for name, value in os.environ.items() if "DRONE" not in name and "OTEL" not in name}
    given = {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "x" * 32, "PYTHONPATH": str(TESTS), **environment}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=kept | given, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _serving(command: list[str], environment: dict[str, str]) -> Iterator[HttpProcess]:
    with _started(command, environment) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            assert process.stderr
            raise AssertionError(process.stderr.read())
        yield HttpProcess(process, json.loads(line))

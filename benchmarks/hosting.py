"""How much memory all servers of a role take in one process over HTTP, next to one server over stdin and stdout.

    python benchmarks/hosting.py [--runs N] [--check] [ROLE ...]

Peak resident memory once every server has listed its tools; the one over stdin and stdout is called once, because it
loads only then. The figures of the served role include what a call needs
and a start does not: the HTTP server, and the entrypoint that reads roles. With --check the status is 1 where the
budget is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY = 1.4  # ratio to one server over stdio
ROLES = ["dev", "admin"]
ONE_SERVER = "drone_mcp_builds"
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
MESSAGES = (
    {"id": 1, "method": "initialize", "params": HANDSHAKE},
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list"},
)
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if "DRONE" not in name},
    "DRONE_SERVER": "http://127.0.0.1:9",
    "DRONE_TOKEN": "x" * 32,
    "DRONE_WRITE_TOKEN": "y" * 32,
}


@dataclass(frozen=True)
class Run:
    """One process: how many servers it has, seconds until all have listed their tools, peak memory in KiB."""

    servers: int
    ready: float
    memory: int


def start(*command: str) -> subprocess.Popen[bytes]:
    """Start a module."""
    pipe = subprocess.PIPE
    argv = [sys.executable, "-m", *command]
    return subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=ENVIRONMENT)


def read_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Read one line of JSON from a process."""
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise RuntimeError(f"{process.args!r} ended instead of answering")
    return dict(json.loads(line))


def over_stdio() -> Run:
    """Run one server as a client starts it, and call it."""
    began = time.perf_counter()
    with start(ONE_SERVER) as process:
        if process.stdin is None:
            raise RuntimeError("the process has no pipes")
        answer: dict[str, Any] = {}
        for message in MESSAGES:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            process.stdin.flush()
            if "id" in message:
                answer = read_line(process)
        call = {"name": answer["result"]["tools"][0]["name"], "arguments": {"benchmark": 1}}  # refused at once
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call}).encode())
        process.stdin.write(b"\n")
        process.stdin.flush()
        read_line(process)
        found = Run(1, time.perf_counter() - began, peak(process.pid))
        process.stdin.close()
    return found


def over_http(role: str, servers: list[str]) -> Run:
    """Serve a role, and ask each of its servers."""
    began = time.perf_counter()
    with start("drone_mcp_config", "serve", "--role", role, "--http", "127.0.0.1:0") as process:
        url = read_line(process)["url"]
        for server in servers:
            for message in MESSAGES:
                post(f"{url}/{server}/mcp", {"jsonrpc": "2.0", **message})
        found = Run(len(servers), time.perf_counter() - began, peak(process.pid))
        process.terminate()
    return found


def post(url: str, message: dict[str, Any]) -> None:
    """Send a message, and read the answer to its end."""
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    request = urllib.request.Request(url, json.dumps(message).encode(), headers)  # noqa: S310 - a loopback address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        answer.read()


def servers_of(role: str) -> list[str]:
    """Return the names of a role's servers, as the configuration that points at them has it."""
    argv = [sys.executable, "-m", "drone_mcp_config", "--role", role, "--transport", "http", "--print"]
    told = subprocess.run(argv, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout
    return [entry["url"].split("/")[-2] for entry in json.loads(told)["mcpServers"].values()]


def peak(pid: int) -> int:
    """Return the peak resident memory of a process in KiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def compare(role: str, runs: int) -> float:
    """Print how a served role does beside one server; return the ratio of memory."""
    servers = servers_of(role)
    pairs = [(over_stdio(), over_http(role, servers)) for _ in range(runs + 1)][1:]  # the first fills the disk's cache
    one, all_of_them = ([pair[side] for pair in pairs] for side in (0, 1))
    memory = median(all_of_them, "memory") / median(one, "memory")
    print(
        f"{role}: {len(servers)} servers ({', '.join(servers)}) in {median(all_of_them, 'memory') / 1024:.1f} MiB, "
        f"{memory:.2f} x the {median(one, 'memory') / 1024:.1f} MiB of one over stdio; "
        f"ready in {median(all_of_them, 'ready') * 1000:.0f} ms, one in {median(one, 'ready') * 1000:.0f} ms"
    )
    return memory


def median(runs: list[Run], field: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(getattr(one, field) for one in runs))


def main() -> int:
    """Compare each role; the status is 1 where --check found a broken budget."""
    parser = argparse.ArgumentParser(description="Memory of a served role next to one server over stdio.")
    parser.add_argument("roles", nargs="*", default=ROLES, metavar="ROLE")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true", help=f"fail above {MEMORY} x")
    options = parser.parse_args()
    ratios = [compare(role, options.runs) for role in options.roles]
    return int(options.check and any(ratio > MEMORY for ratio in ratios))


if __name__ == "__main__":
    sys.exit(main())

"""What a served role spends on a call: processor time of its process, by kind of call and by where the state is.

    python benchmarks/load.py [--calls N] [--role ROLE] [--redis URL]

A simulated Drone and `drone-mcp-config serve` run as processes of their own; agents call one after the other over HTTP.
Processor time is what a core has to give, so its inverse is the calls a second that one core answers, whatever else
the machine does meanwhile. Memory is the peak of the served process after all calls.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

HEADERS = {"accept": "application/json, text/event-stream"}
READ = {"repo": "octo/hello", "number": 1}  # has ended, so it is known after the first call
RED = {"repo": "octo/hello", "number": 4}  # fails in a step of 1,768 lines
WARM_UP = 20


@dataclass(frozen=True)
class Kind:
    """A call: how often it is made for each of `--calls`, and what it asks."""

    name: str
    server: str
    method: str
    params: dict[str, Any]
    share: float = 1.0


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    """Return the parameters of a call of a tool."""
    return {"name": name, "arguments": arguments}


KINDS = (
    Kind("tools/list", "builds", "tools/list", {}),
    Kind("a build that is known", "builds", "tools/call", tool("drone_get_build", **READ)),
    Kind("a list read from Drone", "builds", "tools/call", tool("drone_list_builds", repo="octo/hello")),
    Kind("the end of a failed step's log", "logs", "tools/call", tool("drone_get_build_logs", **RED, tail=50)),
    Kind("a diagnosis of a 1,768-line log", "logs", "tools/call", tool("drone_diagnose_build", **RED), 0.1),
)


class Process:
    """A module that runs and tells its address in a line."""

    def __init__(self, stack: ExitStack, *command: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if "DRONE" not in name and "OTEL" not in name}
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env=kept | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(self.process.kill)
        line = self.process.stdout.readline() if self.process.stdout else b""
        if not line:
            raise RuntimeError(f"{command} did not start")
        self.told = json.loads(line)

    def worked(self) -> float:
        """Return the processor seconds that all its threads have used (Linux)."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def peak(self) -> float:
        """Return its peak resident memory in MiB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def measure(served: Process, http: httpx.Client, kind: Kind, calls: int) -> tuple[float, float]:
    """Return the processor seconds of a call, and the median of how long it took."""
    url = f"{served.told['url']}/{kind.server}/mcp"
    message = {"jsonrpc": "2.0", "id": 1, "method": kind.method, "params": kind.params}
    for _ in range(min(WARM_UP, calls)):
        ask(http, url, message)
    before, took = served.worked(), []
    for _ in range(calls):
        began = time.perf_counter()
        ask(http, url, message)
        took.append(time.perf_counter() - began)
    return (served.worked() - before) / calls, statistics.median(took)


def ask(http: httpx.Client, url: str, message: dict[str, Any]) -> None:
    """Make a call that has to succeed."""
    answer = http.post(url, json=message, headers=HEADERS)
    if answer.status_code != httpx.codes.OK or '"isError":true' in answer.text:
        raise RuntimeError(answer.text[:500])


def run(role: str, state: str, calls: int, **more: str) -> None:
    """Serve a role, and print what its calls cost."""
    with ExitStack() as stack:
        drone = Process(stack, "drone_mcp_simulator", "serve", "--scenario", "demo", "--clock", "manual")
        environment = {
            "DRONE_SERVER": drone.told["url"],
            "DRONE_TOKEN": drone.told["tokens"]["admin"],
            "DRONE_WRITE_TOKEN": drone.told["tokens"]["admin"],
            "DRONE_REPO": "octo/hello",
            "DRONE_MCP_STATE": state,
            **more,
        }
        served = Process(stack, "drone_mcp_config", "serve", "--role", role, "--http", "127.0.0.1:0", **environment)
        http = stack.enter_context(httpx.Client(trust_env=False, timeout=60))
        label = f"{state.partition(':')[0]}{' and metrics' if more else ''}"
        for kind in KINDS:
            work, took = measure(served, http, kind, max(1, int(calls * kind.share)))
            print(
                f"{role:6} {label:20} {kind.name:34} {work * 1000:7.2f} ms of a core, "
                f"{1 / work:6.0f} a second and core, {took * 1000:7.1f} ms by the clock",
                flush=True,
            )
        print(f"{role:6} {label:20} peak memory {served.peak():.1f} MiB", flush=True)


def main() -> None:
    """Measure with each kind of state."""
    parser = argparse.ArgumentParser(description="What a served role spends on a call.")
    parser.add_argument("--role", default="dev")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--redis", metavar="URL", help="measure with this Redis, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        states = ["memory:", f"sqlite://{folder}/state.db", *([options.redis] if options.redis else [])]
        for state in states:
            run(options.role, state, options.calls)
    run(options.role, "memory:", options.calls, DRONE_MCP_METRICS_LISTEN="127.0.0.1:0")


if __name__ == "__main__":
    main()

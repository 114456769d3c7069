"""How long a server takes to be ready and to end, and how much memory, beside the smallest server of the same SDK.

    python benchmarks/startup.py [--runs N] [--check] [MODULE ...]

Ready: from starting the process until `initialize` and `tools/list` are answered. Runs alternate with those of the
reference, and each is compared with its neighbour, so that what else the machine does hits both. The budget is held in
processor time, because the clock also counts what others do; the clock's ratio is printed beside it. With --check the
status is 1 where a budget is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY, MEMORY, ENDED = 1.10, 1.15, 0.5  # ratios to the reference; seconds
MODULES = ["drone_mcp_builds", "drone_mcp_logs", "drone_mcp_policy", "drone_mcp_actions"]
REFERENCE = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("reference", version="1")

@server.tool()
async def echo(text: str) -> str:
    "Say it back."
    return text

server.run()
"""
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


@dataclass(frozen=True)
class Run:
    """One process: seconds until ready by clock and by processor, peak memory in KiB, seconds that ending took."""

    ready: float
    work: float
    memory: int
    ended: float


def run(command: list[str], *, by_signal: bool) -> Run:
    """Start `command`, talk to it as a client does, and end it as Claude Code does or by closing its input."""
    environment = {**os.environ, "DRONE_SERVER": "http://127.0.0.1:9", "DRONE_TOKEN": "x" * 32}
    started = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment) as process:
        ask(process, id=1, method="initialize", params=HANDSHAKE)
        ask(process, method="notifications/initialized")
        ask(process, id=2, method="tools/list")
        ready = time.perf_counter() - started
        work, memory = worked(process.pid), peak(process.pid)
        told = time.perf_counter()
        end(process, by_signal=by_signal)
        return Run(ready, work, memory, time.perf_counter() - told)


def ask(process: subprocess.Popen[bytes], **message: Any) -> None:
    """Send `message`, and read its answer if it asks for one."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()
    if "id" in message and not process.stdout.readline():
        raise RuntimeError(f"{process.args!r} ended instead of answering")


def end(process: subprocess.Popen[bytes], *, by_signal: bool) -> None:
    """Send SIGINT and, 100 ms later, SIGTERM; or close the input."""
    if by_signal:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
    elif process.stdin is not None:
        process.stdin.close()
    process.wait()


def peak(pid: int) -> int:
    """Return the peak resident memory of a process in KiB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def worked(pid: int) -> float:
    """Return the processor seconds that all threads of a process have used (Linux)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def compare(module: str, runs: int) -> tuple[float, float, float]:
    """Print how `module` does beside the reference; return the ratios of time and memory, and the seconds to end."""
    reference, command = [sys.executable, "-c", REFERENCE], [sys.executable, "-m", module]
    pairs = [(run(reference, by_signal=False), run(command, by_signal=bool(number % 2))) for number in range(runs + 1)][
        1:
    ]  # the first fills the disk's cache
    ours = [pair[1] for pair in pairs]
    work, clock, memory = (ratio(pairs, field) for field in ("work", "ready", "memory"))
    ended = median(ours, "ended")
    print(
        f"{module}: ready in {median(ours, 'work') * 1000:.0f} ms of processor time ({work:.2f} x), "
        f"{median(ours, 'ready') * 1000:.0f} ms by the clock ({clock:.2f} x), "
        f"{median(ours, 'memory') / 1024:.1f} MiB ({memory:.2f} x), ended in {ended * 1000:.0f} ms",
        flush=True,
    )
    return work, memory, ended


def ratio(pairs: list[tuple[Run, Run]], field: str) -> float:
    """Return the median over pairs of how the second compares with the first in one figure."""
    return statistics.median(getattr(ours, field) / getattr(theirs, field) for theirs, ours in pairs)


def median(runs: list[Run], field: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(getattr(one, field) for one in runs))


def main() -> int:
    """Compare each module; the status is 1 where --check found a broken budget."""
    parser = argparse.ArgumentParser(description="Start-up time and memory beside a minimal server.")
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--check", action="store_true", help=f"fail above {READY} x, {MEMORY} x or {ENDED} s")
    options = parser.parse_args()
    broken = [module for module in options.modules if over_budget(compare(module, options.runs))]
    if not (options.check and broken):
        return 0
    # On a shared machine one bad minute proves nothing: look again, longer, before believing it.
    for _ in range(2):
        print("measured again, with twice the runs:", flush=True)
        broken = [module for module in broken if over_budget(compare(module, 2 * options.runs))]
        if not broken:
            return 0
    return 1


def over_budget(figures: tuple[float, float, float]) -> bool:
    """Tell whether one of the figures of `compare` is over its budget."""
    return any(figure > budget for figure, budget in zip(figures, (READY, MEMORY, ENDED), strict=True))


if __name__ == "__main__":
    sys.exit(main())

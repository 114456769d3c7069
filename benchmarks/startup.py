"""How fast a server is ready, how much memory it takes, how fast it ends, next to the smallest one of the same SDK.

    python benchmarks/startup.py [--runs N] [--check] [--also NAME=COMMAND ...] [SERVER ...]

Every figure is a ratio to the reference in the same run. Runs alternate. The best of ours is compared with the best of
the reference, because whatever else the machine does only adds to a run; and each of ours with the run of the reference
before it, because a machine that is fast for a moment may give that moment to one of the two. The first, or the median
of the second if it is lower, counts. Budgets of one server are held in processor time, because the clock also counts
what others do. What is measured:

    ready     from starting the process until `initialize` and `tools/list` are answered
    memory    the share of memory that is the process's own (PSS) at that moment
    call      from starting the process until the first call is answered as well. The reference echoes a word; a server
              of ours refuses an argument that it does not have
    request   the same with a second call, which asks Drone, where nothing listens; the reference asks there with httpx
    role      all servers of the role admin started at once, by the clock, against one reference
    help      the whole process of `drone-mcp --help`, against the reference until it is ready; likewise `version`

With --check the status is 1 where a budget is broken. --also shows other servers as well; they need a tool `echo`.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Callable

READY_BUDGET, MEMORY_BUDGET, CALL_BUDGET = 0.08, 0.15, 1.10  # ratios to the reference
ROLE_BUDGET = 0.035  # the same, for each server of the role
END_BUDGET = 0.5  # seconds
NOWHERE = "http://127.0.0.1:9"
ENVIRONMENT = {**os.environ, "DRONE_SERVER": NOWHERE, "DRONE_TOKEN": "x" * 32, "DRONE_MCP_RETRIES": "0"}
REFERENCE = """
from mcp.server.mcpserver import MCPServer

server = MCPServer("reference", version="1")

@server.tool()
async def echo(text: str) -> str:
    "Say it back, or say what is at an address."
    if not text.startswith("http"):
        return text
    import httpx
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(text)).text
        except httpx.HTTPError as error:
            return str(error)

server.run()
"""
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}

Call = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One process.

    Attributes:
        clock: seconds by the clock until its tools were listed.
        work: processor seconds until then, and until each call was answered.
        memory: KiB at each of these moments.
        ended: seconds that its end took.
    """

    clock: float
    work: list[float]
    memory: list[int]
    ended: float


Pair = tuple[Run, Run]  # the reference, and a server
LISTED, CALLED, ASKED = range(3)  # the moments


class Process:
    """A server and its pipes."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self._started = time.perf_counter()
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    def send(self, **message: Any) -> None:
        """Send a message."""
        self._stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._stdin.flush()

    def receive(self) -> None:
        """Wait for a message."""
        if not self._stdout.readline():
            raise RuntimeError(f"{self._process.args!r} ended instead of answering")

    def open(self) -> None:
        """Send the handshake without waiting for its answer."""
        self.send(id=1, method="initialize", params=HANDSHAKE)

    def list_tools(self) -> float:
        """Wait for the handshake's answer, list the tools and return the seconds since the start."""
        self.receive()
        self.send(method="notifications/initialized")
        self.send(id=2, method="tools/list")
        self.receive()
        return time.perf_counter() - self._started

    def call(self, call: Call) -> None:
        """Make a call, and wait for its answer."""
        self.send(id=3, method="tools/call", params=call)
        self.receive()

    def end(self, *, by_signal: bool = False) -> float:
        """End it by closing its input, or with SIGINT and, 100 ms later, SIGTERM; return the seconds."""
        process, began = self._process, time.perf_counter()
        if by_signal:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)
        self._stdin.close()
        process.wait()
        self._stdout.close()
        return time.perf_counter() - began

    def work(self) -> float:
        """Return the processor seconds of all threads (Linux)."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def memory(self) -> int:
        """Return the proportional set size in KiB (Linux)."""
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def run(command: list[str], calls: list[Call], *, by_signal: bool = False) -> Run:
    """Start `command`, talk to it as a client does, and end it."""
    process = Process(command)
    process.open()
    clock = process.list_tools()
    work, memory = [process.work()], [process.memory()]
    for call in calls:
        process.call(call)
        work.append(process.work())
        memory.append(process.memory())
    return Run(clock, work, memory, process.end(by_signal=by_signal))


def reference() -> list[str]:
    """Return how the reference is started."""
    return [sys.executable, "-c", REFERENCE]


def echo(text: str) -> Call:
    """Return a call of the reference."""
    return {"name": "echo", "arguments": {"text": text}}


def compare(name: str, seen: list[Pair], runs: int) -> dict[str, tuple[float, float]]:
    """Add to the runs `seen` of a server of ours; return each figure -> its ratio to the reference, and its budget."""
    server = read_installation()[name]
    tool = server.tool_names[0]
    refused, asking = {"benchmark": 1}, {} if tool == "drone_list_repos" else {"repo": "octo/hello"}
    calls = [{"name": tool, "arguments": arguments} for arguments in (refused, asking)]
    seen += pairs([sys.executable, "-P", "-m", server.module], calls, [echo("word"), echo(NOWHERE)], runs)
    report(name, seen)
    return {
        "ready": (ratio(seen, work(LISTED)), READY_BUDGET),
        "memory": (ratio(seen, memory(LISTED)), MEMORY_BUDGET),
        "call": (ratio(seen, work(CALLED)), CALL_BUDGET),
        "request": (ratio(seen, work(ASKED)), CALL_BUDGET),
        "memory after the call": (ratio(seen, memory(CALLED)), CALL_BUDGET),
        "seconds to end": (statistics.median(ours.ended for _, ours in seen), END_BUDGET),
    }


def pairs(command: list[str], calls: list[Call], reference_calls: list[Call], runs: int) -> list[Pair]:
    """Run the reference and a server by turns; the first pair, which fills the disk's cache, is left out."""
    return [
        (run(reference(), reference_calls), run(command, calls, by_signal=bool(number % 2)))
        for number in range(runs + 1)
    ][1:]  # fmt: skip


def work(moment: int) -> Callable[[Run], float]:
    """Return what reads the processor time until a moment."""
    return lambda run: run.work[moment]


def memory(moment: int) -> Callable[[Run], float]:
    """Return what reads the memory at a moment."""
    return lambda run: run.memory[moment]


def report(name: str, seen: list[Pair]) -> None:
    """Print the figures of a server."""

    def median(figure: Callable[[Run], float]) -> float:
        return statistics.median(figure(ours) for _, ours in seen)

    rows = [
        f"ready {ratio(seen, work(LISTED)):.3f} x ({median(work(LISTED)) * 1000:.0f} ms)",
        f"by the clock {ratio(seen, lambda run: run.clock):.3f} x ({median(lambda run: run.clock) * 1000:.0f} ms)",
        f"memory {ratio(seen, memory(LISTED)):.2f} x ({median(memory(LISTED)) / 1024:.1f} MiB)",
    ]
    for what, moment in zip(("call", "request"), range(CALLED, len(seen[0][1].work)), strict=False):
        rows.append(f"{what} {ratio(seen, work(moment)):.2f} x, memory {ratio(seen, memory(moment)):.2f} x")
    rows.append(f"end {median(lambda run: run.ended) * 1000:.0f} ms")
    print(f"{name}: {' · '.join(rows)}", flush=True)


def ratio(seen: list[Pair], figure: Callable[[Run], float]) -> float:
    """Return how the second compare with the first in one figure: by the best of each, or run by run."""
    figures = [(figure(theirs), figure(ours)) for theirs, ours in seen]
    best = min(ours for _, ours in figures) / min(theirs for theirs, _ in figures)
    return min(best, statistics.median(ours / theirs for theirs, ours in figures))


def compare_role(runs: int) -> dict[str, tuple[float, float]]:
    """Return how long all servers of the role admin take at once, as a ratio to one reference, and the budget."""
    installed = read_installation()
    modules = [installed[name].module for name in load_role("admin", role_library(None), installed).servers]
    ratios, seconds = [], []
    for _ in range(runs + 1):
        alone = start_at_once([reference()])
        together = start_at_once([[sys.executable, "-P", "-m", module] for module in modules])
        ratios.append(together / alone)
        seconds.append(together)
    found = statistics.median(ratios[1:])
    print(f"admin, {len(modules)} servers: {found:.3f} x by the clock ({statistics.median(seconds[1:]) * 1000:.0f} ms)")
    return {"role": (found, ROLE_BUDGET * len(modules))}


def compare_command(runs: int) -> dict[str, tuple[float, float]]:
    """Return the processor time of the shortest calls of `drone-mcp`, as ratios to the reference, and the budget."""
    ratios: dict[str, list[float]] = {"help": [], "version": []}
    for _ in range(runs + 1):
        ready = run(reference(), []).work[LISTED]
        for option, found in ratios.items():
            found.append(work_of([sys.executable, "-P", "-m", "drone_mcp_cli", f"--{option}"]) / ready)
    figures = {option: statistics.median(found[1:]) for option, found in ratios.items()}
    print("drone-mcp:", " · ".join(f"--{option} {found:.3f} x" for option, found in figures.items()))
    return {option: (found, READY_BUDGET) for option, found in figures.items()}


def work_of(command: list[str]) -> float:
    """Run a command to its end, and return its processor seconds."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command!r} failed")
    return used.ru_utime + used.ru_stime


def start_at_once(commands: list[list[str]]) -> float:
    """Start servers together, as a client does, and return the seconds until all have listed their tools."""
    began = time.perf_counter()
    processes = [Process(command) for command in commands]
    for process in processes:
        process.open()
    for process in processes:
        process.list_tools()
    seconds = time.perf_counter() - began
    for process in processes:
        process.end()
    return seconds


def over_budget(figures: dict[str, tuple[float, float]]) -> list[str]:
    """Return what is over its budget."""
    return [f"{what}: {found:.3f} > {most}" for what, (found, most) in figures.items() if found > most]


def main() -> int:
    """Compare each server; the status is 1 where --check found a broken budget."""
    parser = argparse.ArgumentParser(description="Start-up time and memory next to a minimal server.")
    parser.add_argument("servers", nargs="*", default=list(read_installation()), metavar="SERVER")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="fail where a budget is broken")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=COMMAND", help="another server to show")
    options = parser.parse_args()
    for other in options.also:
        name, _, command = other.partition("=")
        report(name, pairs(shlex.split(command), [echo("word")], [echo("word")], options.runs))
    # Processor time can be compared on all processors at once. The clock, and a second look, have the machine alone.
    looks: list[Callable[[int], dict[str, tuple[float, float]]]]
    looks = [*(partial(compare, name, []) for name in options.servers), compare_role, compare_command]
    with ThreadPoolExecutor(os.cpu_count() if options.check else 1) as lanes:
        figures = list(lanes.map(lambda look: look(options.runs), looks[:-2]))
    figures += [look(options.runs) for look in looks[-2:]]
    faults = dict(zip(looks, map(over_budget, figures), strict=True))
    # On a shared machine one bad minute proves nothing: look again, longer, before believing it. Runs add up.
    for factor in (2, 2, 3):
        left = [look for look, broken in faults.items() if broken]
        if not (options.check and left):
            return 0
        print("measured again, longer:", *(fault for look in left for fault in faults[look]), flush=True)
        faults = {look: over_budget(look(options.runs * factor)) for look in left}
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main())

"""How fast deliveries become state: `python benchmarks/state/run.py [--seconds 5] [--check]`.

The receiver runs on one core, the generator (and Redis) on another, over loopback. Rates are also given as a ratio to
a bare endpoint on the same server, measured in turns with the receiver, since only that can be compared between
machines. `--check` ends with status 1 if a target is missed: the rates as ratios, the rest as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import generator

from drone_mcp_client.models import Build, Event
from drone_mcp_state import open_store

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
STORED = 100_000
ROUNDS = 3

# At least this much of what the bare endpoint takes: 3,000 and 1,500 deliveries of its 10,000 a second.
LEAST_RATIO = {"memory": 0.30, "sqlite": 0.15, "redis": 0.15}
MOST = {
    "p99_ms_at_500": 25.0,
    "wake_p95_ms": 50.0,
    "get_p95_ms": 2.0,
    "latest_p95_ms": 2.0,
    "latest_of_branch_p95_ms": 2.0,
    "receiver_mb": 150.0,
}

RECEIVER_CORE = 0
OTHER_CORE = (os.cpu_count() or 1) - 1


def line_of(server: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    return server.stdout.readline() if server.stdout else ""


@contextmanager
def process(*command: str, **environment: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run a server on one core; yields it and its address."""
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as server:
        os.sched_setaffinity(server.pid, {RECEIVER_CORE})
        try:
            yield server, json.loads(line_of(server))["url"]
        finally:
            server.terminate()


def receiver(state: str) -> Any:
    """The receiver, on a store."""
    command = [sys.executable, "-m", "drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0"]
    settings = {"DRONE_MCP_WEBHOOK_SECRET": generator.SECRET.decode(), "DRONE_MCP_STATE": state}
    return process(*command, DRONE_MCP_LOG_LEVEL="error", **settings)


def generate(url: str, seconds: float, rate: float = 0) -> dict[str, Any]:
    """Let the other process send."""
    command = [sys.executable, str(HERE / "generator.py"), url, str(seconds), *([str(rate)] if rate else [])]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {OTHER_CORE})
    )
    return dict(json.loads(done.stdout))


def resident(pid: int) -> float:
    """A process's memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def cpu_seconds(pid: int) -> float:
    """What a process has used of its core; unlike the time on the clock, others' work does not lengthen it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(pid: int, url: str, seconds: float) -> dict[str, Any]:
    """As fast as it goes: how many a second here and now, and how many an idle core would do."""
    before = cpu_seconds(pid)
    done = generate(url, seconds)
    used = cpu_seconds(pid) - before
    return done | {"per_idle_core": round(done["count"] / used)}


def deliveries(state: str, seconds: float) -> dict[str, float]:
    """How many become durable, and how long one takes at 500 a second."""
    bare = process(sys.executable, str(HERE / "bare.py"))
    with receiver(state) as (server, url), bare as (other, bare_url):
        generate(url, 1)
        generate(bare_url, 1)
        turns = [(flood(other.pid, bare_url, seconds), flood(server.pid, url, seconds)) for _ in range(ROUNDS)]
        paced = generate(url, seconds, 500)
        references, full = zip(*turns, strict=True)
        return {
            "per_second": median(each["per_second"] for each in full),
            "per_idle_core": median(each["per_idle_core"] for each in full),
            "bare_per_second": median(each["per_second"] for each in references),
            "bare_per_idle_core": median(each["per_idle_core"] for each in references),
            "ratio_to_bare": round(median(mine["per_idle_core"] / bare["per_idle_core"] for bare, mine in turns), 2),
            "p50_ms_at_500": paced["p50"],
            "p99_ms_at_500": paced["p99"],
            "refused": paced["refused"] + sum(each["refused"] for each in full),
        }


async def wake(state: str, count: int = 100) -> dict[str, float]:
    """From the moment a delivery leaves to the waiter in a third process."""
    captured = [json.loads(json.loads(line)[3]) for line in generator.CAPTURED.read_text(encoding="utf-8").splitlines()]
    event = next(event for event in captured if event["event"] == "build")
    event["repo"]["slug"] = "bench/wake"
    with receiver(state) as (_, url):
        address = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(address[0], int(address[1]))
        waiter = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "waiter.py"), state, str(count), stdout=asyncio.subprocess.PIPE
        )
        said = waiter.stdout or asyncio.StreamReader()
        times = []
        for number in range(1, count + 1):
            await said.readline()
            await asyncio.sleep(random.uniform(0.03, 0.09))  # noqa: S311 - so that no poll is met in step
            event["build"]["number"] = event["build"]["id"] = number
            raw = generator.request(json.dumps(event).encode())
            sent = time.time()
            writer.write(raw)
            await reader.readuntil(b"\r\n\r\n")
            times.append(float(await said.readline()) - sent)
        await waiter.wait()
        writer.close()
    times.sort()
    return {f"wake_p{part}_ms": round(times[len(times) * part // 100] * 1000, 1) for part in (50, 95)}


async def reads(state: str) -> dict[str, float]:
    """`get` and `latest` among 100,000 builds of 200 repositories."""
    line = generator.bodies(88)[80]
    build = Event.model_validate_json(line).build or Build(number=0, status="")
    async with open_store(state) as store:
        for start in range(0, STORED, 500):
            await asyncio.gather(
                *(store.apply(*made(build, n), source="api", at=1.0) for n in range(start, start + 500))
            )
        times: dict[str, list[float]] = {"get": [], "latest": [], "latest_of_branch": []}
        for _ in range(2000):
            slug, number = f"bench/r{random.randrange(200)}", 1 + random.randrange(STORED // 200)  # noqa: S311 - no secret
            for name, call in [
                ("get", store.get(slug, number)),
                ("latest", store.latest(slug)),
                ("latest_of_branch", store.latest(slug, "main")),
            ]:
                started = time.perf_counter()
                found = await call
                times[name].append(time.perf_counter() - started if found else 1.0)
    return {"builds": STORED} | {
        f"{name}_p95_ms": round(sorted(each)[int(len(each) * 0.95)] * 1000, 2) for name, each in times.items()
    }


def made(build: Build, place: int) -> tuple[str, Build]:
    """One of the 100,000."""
    number = 1 + place // 200
    return f"bench/r{place % 200}", build.model_copy(
        update={"number": number, "id": place + 1, "ref": "refs/heads/main"}
    )


@contextmanager
def redis(folder: str) -> Generator[str]:
    """A Redis that keeps what it confirms, once a second on disk as it is usually set up."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    place = ["--port", port, "--bind", "127.0.0.1", "--dir", folder]
    command = ["redis-server", *place, "--appendonly", "yes", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        os.sched_setaffinity(server.pid, {OTHER_CORE})
        while "Ready to accept connections" not in line_of(server):
            pass
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def measure(name: str, state: str, seconds: float) -> dict[str, float]:
    """All figures of a store."""
    figures = deliveries(state, seconds)
    if name != "memory":  # which no other process sees
        figures |= asyncio.run(wake(state)) | asyncio.run(reads(state))
    with receiver(state) as (server, url):
        generate(url, 2)
        figures["receiver_mb"] = round(resident(server.pid))
    return figures


def missed(name: str, figures: dict[str, float]) -> list[str]:
    """The targets that were not reached."""
    found = [
        f"{name}: {what} is {figures[what]}, not {most} or less"
        for what, most in MOST.items()
        if figures.get(what, 0) > most
    ]
    if figures["ratio_to_bare"] < LEAST_RATIO[name]:
        found.append(f"{name}: {figures['ratio_to_bare']} of the bare endpoint, not {LEAST_RATIO[name]} or more")
    if figures["refused"]:
        found.append(f"{name}: {figures['refused']} deliveries were refused")
    return found


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--check", action="store_true", help="end with status 1 if a target is missed")
    parser.add_argument("--stores", nargs="+", default=list(LEAST_RATIO), choices=list(LEAST_RATIO))
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}", flush=True
    )
    faults = []
    with tempfile.TemporaryDirectory() as folder, redis(folder) as redis_url:
        addresses = {"memory": "memory:", "sqlite": f"sqlite://{folder}/state.db", "redis": redis_url}
        for name in arguments.stores:
            figures = measure(name, addresses[name], arguments.seconds)
            print(json.dumps({"store": name} | figures), flush=True)
            faults += missed(name, figures)
    print("\n".join(faults) or "every target is reached")
    return int(arguments.check and bool(faults))


if __name__ == "__main__":
    sys.exit(main())

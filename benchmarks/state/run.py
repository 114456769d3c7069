"""How fast deliveries become state: `python benchmarks/state/run.py [--seconds 5]`.

The receiver runs on one core and the generator on another, over loopback. Everything is also given as a ratio to a
bare endpoint on the same server, measured in the same minute, since only that can be compared between machines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import generator

from drone_mcp_client.models import Build, Event
from drone_mcp_state import open_store

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
STORED = 100_000


def line_of(server: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    return server.stdout.readline() if server.stdout else ""


@contextmanager
def process(*command: str, core: int = 0, **environment: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run a server on one core; yields it and its address."""
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as server:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(server.pid, {core})
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
    cores = (os.cpu_count() or 1) - 1
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {cores})
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


def deliveries(name: str, state: str, seconds: float) -> dict[str, Any]:
    """How many become durable, and how long one takes at 500 a second."""
    with receiver(state) as (server, url):
        generate(url, 1)
        full = flood(server.pid, url, seconds)
        paced = generate(url, seconds, 500)
        return {
            "store": name,
            "per_second": full["per_second"],
            "per_idle_core": full["per_idle_core"],
            "p99_ms_at_500": paced["p99"],
            "p50_ms_at_500": paced["p50"],
            "refused": full["refused"] + paced["refused"],
            "memory_mb": round(resident(server.pid)),
        }


def bare(seconds: float) -> dict[str, Any]:
    """The reference."""
    with process(sys.executable, str(HERE / "bare.py")) as (server, url):
        generate(url, 1)
        full = flood(server.pid, url, seconds)
        paced = generate(url, seconds, 500)
        return {
            "per_second": full["per_second"],
            "per_idle_core": full["per_idle_core"],
            "p99_ms_at_500": paced["p99"],
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
    return {"p50_ms": round(times[len(times) // 2] * 1000, 1), "p95_ms": round(times[int(len(times) * 0.95)] * 1000, 1)}


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
    return {f"{name}_p95_ms": round(sorted(each)[int(len(each) * 0.95)] * 1000, 2) for name, each in times.items()}


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
    command = [
        "redis-server",
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--dir",
        folder,
        "--appendonly",
        "yes",
        "--save",
        "",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        while "Ready to accept connections" not in line_of(server):
            pass
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        stores = [("memory", "memory:"), ("sqlite", f"sqlite://{folder}/state.db")]
        if shutil.which("redis-server"):
            with redis(folder) as url:
                measure([*stores, ("redis", url)], seconds)
        else:
            measure(stores, seconds)


def measure(stores: list[tuple[str, str]], seconds: float) -> None:
    """All figures of all stores, one line each."""
    for name, state in stores:
        reference = bare(seconds)
        print(json.dumps({"bare": reference}), flush=True)
        figures = deliveries(name, state, seconds)
        figures["ratio_to_bare"] = round(figures["per_idle_core"] / reference["per_idle_core"], 2)
        print(json.dumps(figures), flush=True)
        if state == "memory:":
            continue
        print(json.dumps({"store": name, "wake": asyncio.run(wake(state))}), flush=True)
        print(json.dumps({"store": name, "builds": STORED, **asyncio.run(reads(state))}), flush=True)
        with receiver(state) as (server, url):
            generate(url, 2)
            print(json.dumps({"store": name, "builds": STORED, "receiver_mb": round(resident(server.pid))}), flush=True)


if __name__ == "__main__":
    main()

"""Measures a node's daemon on real podman, next to podman driven by hand in the same run. Needs root on Linux.

    PYTHONPATH=tests python benchmarks/nodes.py [--rounds N] [--services N] [--idle SECONDS] [--check]

podman, its registry and the daemon are of the run's own, as in tests (`tests/support/podman.py`). What is measured:

    outage     how long a service with one component and a published port does not answer while it is replaced, the
               image being there. By hand: `podman stop` of one container and `podman run` of another one
    start      requests that fail while a component is replaced start-first, by those who ask for it by its name
    registry   listing all services as the registry knows them, over gRPC and TLS
    live       the same after a look at every container. By hand: one `podman ps` and one `podman inspect` of all
    idle       processor time of the daemon and its child processes, and memory, while it only monitors
    status     memory and open files of the daemon after 1,000 calls for the status of a service

Rounds by hand and by the daemon alternate, and medians are compared. With --check the status is 1 where a budget is
broken.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from drone_mcp_nodes_api.client import CHANGE_SECONDS, Endpoint, NodeClient
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.asker import asking
from support.node_daemon import make_node, node_daemon
from support.podman import podman_host, wait_for_answer
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.node_daemon import NodeDaemon
    from support.podman import PodmanHost

OUTAGE, LIVE = 1.2, 1.5  # ratios to podman by hand
REGISTRY_SECONDS = 0.1
CALLS, WARM, BLOCKS = 1_000, 200, 5
LEAKED_KIB, LEAKED_FILES = 2_048, 2
LOOK = 0.002  # seconds between two looks at a service
PATIENCE = 0.1  # seconds for an answer
SETTLING = 0.3  # seconds for which a watch looks on, so that the end of an outage is seen
Figures = dict[str, dict[str, float]]


@dataclass
class Watch:
    """Looks at an address again and again, and keeps the longest time in which it did not answer."""

    url: str
    answered: list[float] = field(default_factory=list)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look until the block ends."""
        ended = threading.Event()
        thread = threading.Thread(target=self._look, args=(ended,))
        thread.start()
        try:
            while not self.answered:  # an outage that begins before the first answer would not be seen
                time.sleep(LOOK)
            yield
        finally:
            time.sleep(SETTLING)
            ended.set()
            thread.join()

    def _look(self, ended: threading.Event) -> None:
        with httpx.Client(timeout=PATIENCE, headers={"Connection": "close"}) as client:
            while not ended.is_set():
                try:
                    good = client.get(self.url).is_success
                except httpx.HTTPError:
                    good = False
                if good:
                    self.answered.append(time.monotonic())
                time.sleep(LOOK)

    @property
    def outage(self) -> float:
        """The longest time between two answers, in seconds."""
        return max(after - before for before, after in itertools.pairwise(self.answered))


@dataclass
class Bench:
    """What the figures are measured with."""

    host: PodmanHost
    daemon: NodeDaemon
    client: NodeClient

    async def deploy(self, spec: pb.ServiceSpec, *, force: bool = False) -> None:
        """Deploy a service; replace its containers also where nothing differs."""
        request = pb.DeployRequest(spec=spec, force=force)
        answer = await self.client.call(self.client.methods.Deploy, request, seconds=CHANGE_SECONDS)
        failed = [result for result in answer.results if not result.ok]
        if failed:
            raise SystemExit(f"{spec.name} was not deployed: {failed}")

    async def timed(self, method: Any, request: Any) -> float:
        """Return the seconds that a call takes."""
        began = time.perf_counter()
        await self.client.call(method, request, seconds=CHANGE_SECONDS)
        return time.perf_counter() - began

    def memory(self) -> int:
        """Return the daemon's own memory in KiB."""
        text = Path(f"/proc/{self.daemon.process.pid}/smaps_rollup").read_text(encoding="ascii")
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))

    def files(self) -> int:
        """Return how many files the daemon has open."""
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))  # noqa: PTH208 - only their number

    def processor(self) -> float:
        """Return the processor seconds of the daemon and of its child processes that have ended."""
        text = Path(f"/proc/{self.daemon.process.pid}/stat").read_text(encoding="ascii")
        fields = text.rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def service(name: str, *components: pb.ComponentSpec) -> pb.ServiceSpec:
    """Return a service of the benchmark's node."""
    return pb.ServiceSpec(name=name, node="web-1", active=True, components=components)


async def measure_outage(bench: Bench, rounds: int) -> dict[str, float]:
    """Replace a component by the daemon, and a container by hand, in turn."""
    port, own = free_port(), free_port()
    image, url, own_url = bench.host.image("v1.0.0"), f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{own}/"
    web = pb.ComponentSpec(name="outage", image=image, ports=[f"127.0.0.1:{own}:8080"])
    web.health.http = own_url
    run = ("run", "-d", "-p", f"127.0.0.1:{port}:8080", "--name")
    bench.host.podman(*run, "hand-0", image)
    await bench.deploy(service("outage", web))
    by_hand, by_daemon = [], []
    for number in range(rounds):
        await anyio.to_thread.run_sync(wait_for_answer, url)
        with (watch := Watch(url)).looking():
            bench.host.run("sh", "-c", f"podman stop hand-{number} && podman {' '.join(run)} hand-{number + 1} {image}")
            await anyio.to_thread.run_sync(wait_for_answer, url)
        by_hand.append(watch.outage)
        with (watch := Watch(own_url)).looking():
            await bench.deploy(service("outage", web), force=True)
            await anyio.to_thread.run_sync(wait_for_answer, own_url)
        by_daemon.append(watch.outage)
    hand, ours = statistics.median(by_hand), statistics.median(by_daemon)
    return {"s": ours, "s by hand": hand, "x": ours / hand}


async def measure_start_first(bench: Bench, rounds: int) -> dict[str, float]:
    """Replace a component start-first, while a container of its network asks for it by its name."""
    bench.host.create_network("shop")
    web = pb.ComponentSpec(name="first", image=bench.host.image("v1.0.0"), order="start-first", network="shop")
    web.health.http = "8080/"
    await bench.deploy(service("first", web))
    silences, answers, faults = [], 0, 0
    for _ in range(rounds):
        with asking(bench.host, "shop", "http://first:8080/index.html") as heard:
            await bench.deploy(service("first", web), force=True)
        silences.append(heard.longest_silence)
        answers += len(heard.answers)
        faults += len(heard.faults)
    return {"faults": faults, "answers": answers, "s between two": statistics.median(silences)}


async def measure_lists(bench: Bench, services: int, rounds: int) -> Figures:
    """List services of two components each from the registry and live, and look at all containers by hand."""
    image = bench.host.image("v1.0.0")
    for number in range(services):
        parts = [pb.ComponentSpec(name=name, image=image) for name in ("web", "db")]
        await bench.deploy(service(f"list-{number:02}", *parts))
    methods = bench.client.methods
    registry, live, by_hand, names = [], [], [], list[str]()
    for _ in range(rounds):
        registry.append(await bench.timed(methods.ListServices, pb.ListServicesRequest()))
        live.append(await bench.timed(methods.LiveCheck, pb.LiveCheckRequest()))
        began = time.perf_counter()
        names = [one["Names"][0] for one in json.loads(bench.host.podman("ps", "-a", "--format", "json"))]
        bench.host.podman("inspect", *names)
        by_hand.append(time.perf_counter() - began)
    ours, hand = statistics.median(live), statistics.median(by_hand)
    return {
        "registry": {"s": statistics.median(registry), "services": services},
        "live": {"s": ours, "s by hand": hand, "x": ours / hand, "containers": len(names)},
    }


async def measure_idle(bench: Bench, seconds: float) -> dict[str, float]:
    """Let the daemon monitor, and read what it takes."""
    before = bench.processor()
    await anyio.sleep(seconds)
    spent = bench.processor() - before
    return {"% of a processor": 100 * spent / seconds, "MiB": bench.memory() / 1024, "open files": bench.files()}


async def measure_status(bench: Bench) -> dict[str, float]:
    """Ask for a status 1,000 times, after some calls that fill caches.

    The memory of each block of calls is compared: a step within one of them is an arena of the allocator, and a leak is
    in all of them.
    """
    method, request = bench.client.methods.GetServiceStatus, pb.GetServiceStatusRequest(service="outage")
    seconds = [await bench.timed(method, request) for _ in range(WARM)]
    memory, files = [bench.memory()], bench.files()
    for _ in range(BLOCKS):
        seconds += [await bench.timed(method, request) for _ in range(CALLS // BLOCKS)]
        memory.append(bench.memory())
    growth = [after - before for before, after in itertools.pairwise(memory)]
    return {
        "s": statistics.median(seconds),
        "KiB more": BLOCKS * statistics.median(growth),
        "files more": bench.files() - files,
        "calls": CALLS,
    }


async def measure(bench: Bench, options: argparse.Namespace) -> Figures:
    """Return all figures, and print each as soon as it is there."""
    figures: Figures = {}

    def keep(**more: dict[str, float]) -> None:
        # Printed at once: the lists take minutes to prepare, and who ends a run early still has the other figures.
        for name, facts in more.items():
            print(f"{name:10}" + "  ".join(f"{value:.3g} {what}" for what, value in facts.items()), flush=True)
        figures.update(more)

    keep(outage=await measure_outage(bench, options.rounds))
    keep(start=await measure_start_first(bench, options.rounds))
    keep(status=await measure_status(bench))
    keep(**await measure_lists(bench, options.services, 2 * options.rounds))
    keep(idle=await measure_idle(bench, options.idle))
    return figures


def find_faults(figures: Figures) -> list[str]:
    """Return the budgets that are broken, a sentence each."""
    held: dict[str, tuple[bool, str]] = {
        "outage": (figures["outage"]["x"] <= OUTAGE, f"more than {OUTAGE} x by hand"),
        "start": (not figures["start"]["faults"], "a request failed"),
        "registry": (figures["registry"]["s"] <= REGISTRY_SECONDS, f"more than {REGISTRY_SECONDS} s"),
        "live": (figures["live"]["x"] <= LIVE, f"more than {LIVE} x by hand"),
        "status": (
            figures["status"]["KiB more"] <= LEAKED_KIB and figures["status"]["files more"] <= LEAKED_FILES,
            "memory or files are not given back",
        ),
    }
    return [f"{name}: {fault}" for name, (is_held, fault) in held.items() if not is_held]


def run(options: argparse.Namespace) -> Figures:
    """Start podman and a daemon, measure, and end them."""
    with tempfile.TemporaryDirectory(prefix="nodes-benchmark-") as folder:
        (place := Path(folder) / "podman").mkdir()
        with podman_host(place) as host:
            node = make_node(Path(folder) / "node", podman="podman")
            with node_daemon(node, host.inside(), **host.environment) as daemon:
                endpoint = Endpoint("web-1", daemon.address, node.authority.file)

                async def connected() -> Figures:
                    async with NodeClient(endpoint, lambda: node.tokens["alice"]) as client:
                        return await measure(Bench(host, daemon, client), options)

                return anyio.run(connected)


def main() -> None:
    """Measure, print, and check."""
    parser = argparse.ArgumentParser(description="What a node's daemon costs, next to podman by hand.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--services", type=int, default=50)
    parser.add_argument("--idle", type=float, default=60)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    faults = find_faults(run(options))
    print("\n".join(faults))
    raise SystemExit(1 if options.check and faults else 0)


if __name__ == "__main__":
    main()

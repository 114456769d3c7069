"""Run a cluster for a while, kill its processes in turn, and tell how it went: see scripts/cluster."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from support.cluster.loading import Load, acknowledged_and_missing, survive, wrong_in_the_end
from support.cluster.processes import CALLERS, Cluster, running_cluster

if TYPE_CHECKING:
    from collections.abc import Iterable


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def rounds(cluster: Cluster, load: Load, seconds: float, *, kill: bool) -> None:
    """Load the cluster until the time is over; kill each process in turn meanwhile."""
    end = time.monotonic() + seconds
    async with load.running():
        while kill and time.monotonic() < end:
            for victim in cluster.victims:
                began, before = time.monotonic(), (load.reads, len(cluster.deliveries.acknowledged))
                await survive(load, victim)
                reads, kept = load.reads - before[0], len(cluster.deliveries.acknowledged) - before[1]
                say(
                    f"{victim.name:12} killed and started again in {time.monotonic() - began:5.1f} s: "
                    f"{reads} reads answered, {load.cut} cut, {kept} deliveries acknowledged"
                )
        await asyncio.sleep(max(0.0, end - time.monotonic()))


async def run(folder: Path, seconds: float, *, kill: bool) -> int:
    async with running_cluster(folder) as cluster:
        say(f"Drone {cluster.drone.url}, Redis {cluster.store.url}, logs in {folder}")
        say(f"replicas {', '.join(one.url for one in cluster.replicas)}; their callers' token is {CALLERS}")
        load = Load(cluster)
        await rounds(cluster, load, seconds, kill=kill)
        missing, wrong = await acknowledged_and_missing(load), await wrong_in_the_end(load)
        await load.close()
    say(f"\n{load.reads} reads answered, {len(load.failed)} failed otherwise than by the kill of their replica")
    say(f"{load.newest} builds, {len(cluster.deliveries.acknowledged)} deliveries acknowledged,")
    say(f"{cluster.deliveries.lost} not; of what was acknowledged {told(missing)} missing in the state")
    say(f"builds that the state still has wrong: {told(wrong)}; told as running again: {told(load.back)}")
    return int(bool(load.failed or missing or wrong))


def told(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/cluster",
        description="Two receivers and two served replicas on Redis, a simulated Drone and agents. Each process "
        "is killed in turn; the status is 1 if a read failed that was not under way, or an event was lost.",
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--no-kills", action="store_true", help="let all of them live")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="drone-mcp-cluster-"))
    return asyncio.run(run(folder, options.seconds, kill=not options.no_kills))


if __name__ == "__main__":
    sys.exit(main())

"""Two receivers and two served replicas on Redis, under load: each process is killed in turn, and nothing is lost.

Promised: an agent whose client asks another replica loses at most the read that was under way at the replica that
died; while Redis is away reads are answered from Drone; what a receiver acknowledged is in the state; and what it
could not acknowledge, because it died or its store was away, is read from Drone at the next comparison.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from support.cluster.loading import AGENTS, Load, acknowledged_and_missing, survive, wrong_in_the_end
from support.cluster.processes import running_cluster
from support.patience import PATIENCE
from support.redis_server import binary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


async def test_the_kill_of_any_one_process_fails_no_read_but_those_under_way_and_loses_no_event(tmp_path: Path) -> None:
    binary()
    async with asyncio.timeout(2 * PATIENCE), running_cluster(tmp_path) as cluster:
        load = Load(cluster)
        cut: dict[str, int] = {}
        async with load.running():
            for victim in cluster.victims:
                await survive(load, victim)
                cut[victim.name] = load.cut
        missing, wrong = await acknowledged_and_missing(load), await wrong_in_the_end(load)
        await load.close()
    assert load.failed == []
    replicas = {name for name in cut if name.startswith("replica")}
    assert all(count <= (AGENTS if name in replicas else 0) for name, count in cut.items()), cut
    assert missing == [], "what was acknowledged is in the state"
    assert wrong == [], "what was not is there in the end"

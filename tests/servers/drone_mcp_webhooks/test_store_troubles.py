"""A store that takes no writes: the receiver says so where it is asked, and goes on by itself once it is over."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
import redis

from support.captured_builds import SECRET
from support.deliveries import signed
from support.patience import PATIENCE
from support.redis_server import RedisServer
from support.switch import switching
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two servers, neither of which replicates the other yet."""
    servers = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        server = RedisServer(tmp_path / name)
        server.start()
        servers.append(server)
    yield servers[0], servers[1]
    for server in servers:
        server.stop()


@contextmanager
def receiving(state: str) -> Iterator[ReceiverProcess]:
    with ReceiverProcess({"DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": state}) as process:
        yield process


async def deliver(http: httpx.AsyncClient, number: int) -> int:
    build = {"number": number, "status": "running", "version": 1, "created": number}
    repo = {"id": 1, "slug": "octo/hello", "active": True}
    body = json.dumps({"event": "build", "action": "updated", "repo": repo, "build": build}).encode()
    return (await http.post("/webhooks", content=body, headers=signed(body, at=time.time()))).status_code


async def readiness(http: httpx.AsyncClient) -> tuple[int, str]:
    answer = await http.get("/readyz")
    return answer.status_code, answer.text.strip()


async def until_ready(http: httpx.AsyncClient) -> None:
    with anyio.fail_after(PATIENCE):
        while (await readiness(http))[0] != 200:
            await anyio.lowlevel.checkpoint()


async def until_not_ready(http: httpx.AsyncClient) -> str:
    with anyio.fail_after(PATIENCE):
        while (found := await readiness(http))[0] == 200:
            await anyio.lowlevel.checkpoint()
    return found[1]


@pytest.mark.parametrize("after", ["it became a replica", "its master is gone", "it is full as well"])
async def test_after_a_failover_behind_a_stable_name_deliveries_go_to_the_new_master(
    pair: tuple[RedisServer, RedisServer], after: str
) -> None:
    first, second = pair
    with switching(first.port) as name, receiving(f"redis://127.0.0.1:{name.port}/0") as process:
        async with process.client() as http:
            assert await deliver(http, 1) == 204
            name.target = second.port
            with redis.Redis(port=first.port) as old:
                if after == "its master is gone":
                    old.config_set("replica-serve-stale-data", "no")
                    old.replicaof("127.0.0.1", "1")
                elif after == "it became a replica":
                    old.replicaof("127.0.0.1", str(second.port))
                else:
                    old.config_set("maxmemory", "1")  # stays connected, and takes no writes for another reason
                    old.replicaof("127.0.0.1", str(second.port))
            statuses = [await deliver(http, number) for number in range(2, 6)]
            assert statuses == [204] * 4
            assert await readiness(http) == (200, "ready")
        with redis.Redis(port=second.port) as new:
            assert new.exists("{drone-mcp}:build:octo/hello#5")


@pytest.mark.parametrize(
    ("setting", "value", "restored", "reason"),
    [
        ("maxmemory", "1", "0", "Redis takes no writes: it has reached its maxmemory"),
        ("min-replicas-to-write", "1", "0", "Redis takes no writes: too few replicas are connected to it"),
    ],
)
async def test_a_redis_that_takes_no_writes_makes_the_receiver_not_ready_until_it_does(
    pair: tuple[RedisServer, RedisServer], setting: str, value: str, restored: str, reason: str
) -> None:
    with receiving(pair[0].url) as process, redis.Redis(port=pair[0].port) as admin:
        async with process.client() as http:
            assert await deliver(http, 1) == 204
            admin.config_set(setting, value)
            assert reason in await until_not_ready(http)
            assert await deliver(http, 2) == 503
            admin.config_set(setting, restored)
            await until_ready(http)
            assert await deliver(http, 3) == 204


async def test_a_read_only_replica_is_no_store(pair: tuple[RedisServer, RedisServer]) -> None:
    with redis.Redis(port=pair[0].port) as admin:
        admin.replicaof("127.0.0.1", str(pair[1].port))
    with receiving(pair[0].url) as process:
        async with process.client() as http:
            assert await readiness(http) == (503, "Redis takes no writes: this one is a read-only replica")
            assert await deliver(http, 1) == 503


async def test_a_wrong_password_is_reported_and_not_shown(pair: tuple[RedisServer, RedisServer]) -> None:
    with redis.Redis(port=pair[0].port) as admin:
        admin.config_set("requirepass", "another-password")
    with receiving(f"redis://:Zt7Wm3Kc5Rb9Xv@127.0.0.1:{pair[0].port}/0") as process:
        async with process.client() as http:
            reason = (await readiness(http))[1]
            assert reason.startswith("Redis refuses the user or the password of DRONE_MCP_STATE")
        process.terminate()
        assert "Zt7Wm3Kc5Rb9Xv" not in process.end()[1]


async def test_a_state_file_that_another_process_holds_or_that_cannot_grow_makes_it_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with receiving(f"sqlite://{path}") as process:
        async with process.client() as http:
            assert await deliver(http, 1) == 204
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert "another process" in await until_not_ready(http)
                assert await deliver(http, 2) == 503
                other.execute("ROLLBACK")
            await until_ready(http)
            assert await deliver(http, 3) == 204


@pytest.mark.parametrize("command", ["snapshot", "restore"])
def test_a_copy_of_nothing_is_refused(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415

    from drone_mcp_webhooks.cli import app  # noqa: PLC0415

    copy = tmp_path / "copy.db"
    if command == "restore":
        copy.touch()
    for state in ("", "memory:"):
        monkeypatch.setenv("DRONE_MCP_STATE", state)
        result = CliRunner().invoke(app, [command, str(copy)])
        assert (result.exit_code, "DRONE_MCP_STATE is not set" in result.output) == (2, True)
        assert copy.exists() == (command == "restore")

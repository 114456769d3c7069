"""The receiver as Drone and an operator meet it: a process that is started, stopped and killed."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_state import open_store
from support.captured_builds import SECRET
from support.deliveries import signed
from support.patience import PATIENCE
from support.redis_server import RedisServer
from support.simulator import running_simulator
from support.warm import warm_python
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from pathlib import Path


def body(number: int, status: str = "pending", version: int = 1) -> bytes:
    repo = {"id": 1, "namespace": "octo", "name": "pub", "slug": "octo/pub"}
    build = {"id": number, "number": number, "status": status, "version": version}
    return json.dumps({"event": "build", "action": "updated", "repo": repo, "build": build}).encode()


def settings(tmp_path: Path) -> dict[str, str]:
    return {"DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": f"sqlite://{tmp_path}/state.db"}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRONE_")}
    return subprocess.run(
        [*warm_python(), "-m", "drone_mcp_webhooks", *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def deliver(http: httpx.AsyncClient, raw: bytes) -> int:
    return (await http.post("/webhooks", content=raw, headers=signed(raw, at=time.time()))).status_code


async def deliver_until_it_dies(url: str, first: int, acknowledged: list[int], enough: asyncio.Event) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        for number in range(first, first + 100_000):
            try:
                status = await deliver(http, body(number))
            except httpx.TransportError:
                return
            assert status == 204
            acknowledged.append(number)
            if len(acknowledged) >= 300:
                enough.set()


async def test_every_acknowledged_delivery_is_there_after_a_kill_in_the_middle_of_the_stream(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    enough = asyncio.Event()
    with ReceiverProcess(settings(tmp_path)) as receiver:
        senders = [
            asyncio.create_task(deliver_until_it_dies(receiver.url, 1 + 100_000 * sender, acknowledged, enough))
            for sender in range(8)
        ]
        await asyncio.wait_for(enough.wait(), PATIENCE)
        receiver.kill()
        await asyncio.wait_for(asyncio.gather(*senders), PATIENCE)
    async with open_store(settings(tmp_path)["DRONE_MCP_STATE"]) as store:
        kept = {record.build.number async for record in store.records()}
    assert set(acknowledged) <= kept
    assert len(acknowledged) >= 300


async def test_a_receiver_started_again_goes_on_where_the_killed_one_ended(tmp_path: Path) -> None:
    for status, version in [("pending", 1), ("running", 2), ("success", 3)]:
        with ReceiverProcess(settings(tmp_path)) as receiver:
            async with receiver.client() as http:
                assert await deliver(http, body(7, status, version)) == 204
            receiver.kill()
    async with open_store(settings(tmp_path)["DRONE_MCP_STATE"]) as store:
        record = await store.get("octo/pub", 7)
    assert record is not None
    assert record.build.status == "success"


async def test_a_waiter_in_another_process_is_notified(tmp_path: Path) -> None:
    async with open_store(settings(tmp_path)["DRONE_MCP_STATE"]) as store:
        with ReceiverProcess(settings(tmp_path)) as receiver:
            waiting = asyncio.create_task(store.wait("octo/pub", 7, await store.cursor(), timeout=60))
            async with receiver.client() as http:
                assert await deliver(http, body(7)) == 204
            found = await asyncio.wait_for(waiting, 30)
    assert [(change.number, change.status) for change in found.items] == [(7, "pending")]


async def test_with_a_server_and_a_token_it_looks_for_itself_what_no_delivery_told(tmp_path: Path) -> None:
    async with (
        running_simulator("demo", socket=True) as drone,
        open_store(settings(tmp_path)["DRONE_MCP_STATE"]) as store,
    ):
        start = await store.cursor()
        environment = settings(tmp_path) | {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        with ReceiverProcess(environment) as receiver:
            found = await store.wait("octo/hello", 1, start, timeout=PATIENCE)
            receiver.terminate()
            status, said = await asyncio.to_thread(receiver.end)
        assert [change.source for change in found.items] == ["reconciler"]
        assert status == 0
        assert drone.admin_token not in said
        assert await store.notes.hold_lease("reconciler", "another", 60, at=time.time()), "it has given its lease back"


async def test_on_sigterm_the_delivery_under_way_is_answered_and_kept(tmp_path: Path) -> None:
    raw = body(7)
    head = "".join(f"{name}: {value}\r\n" for name, value in signed(raw, at=time.time()).items())
    with ReceiverProcess(settings(tmp_path)) as receiver:
        url = httpx.URL(receiver.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(f"POST /webhooks HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{head}".encode())
        writer.write(f"Content-Length: {len(raw)}\r\n\r\n".encode())
        assert b"100" in await reader.readuntil(b"\r\n\r\n"), "the receiver reads the body now"
        receiver.terminate()
        writer.write(raw)
        assert b"204" in await reader.readline()
        writer.close()
        status, _ = receiver.end()
    assert status == 0
    async with open_store(settings(tmp_path)["DRONE_MCP_STATE"]) as store:
        assert await store.get("octo/pub", 7) is not None


async def test_while_redis_is_gone_it_says_503_and_afterwards_every_acknowledged_delivery_is_there(
    tmp_path: Path,
) -> None:
    redis = RedisServer(tmp_path)
    redis.start()
    environment = {"DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": redis.url}
    try:
        with ReceiverProcess(environment) as receiver:
            async with receiver.client() as http:
                assert {await deliver(http, body(number)) for number in range(1, 21)} == {204}
                redis.stop()
                assert {await deliver(http, body(number)) for number in (21, 22)} == {503}
                assert [(await http.get(page)).status_code for page in ("/readyz", "/healthz")] == [503, 200]
                assert "drone_mcp_store_errors_total 2.0" in (await http.get("/metrics")).text
                redis.start()
                assert {await deliver(http, body(number)) for number in range(23, 31)} == {204}
                assert (await http.get("/readyz")).status_code == 200
        assert await numbers(redis.url) == {*range(1, 21), *range(23, 31)}
    finally:
        redis.stop()


def test_a_receiver_that_leaves_previews_alone_does_not_load_the_sdk() -> None:
    code = "import sys, drone_mcp_webhooks.cli; print('mcp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "False\n"


def test_without_a_secret_it_does_not_start() -> None:
    ended = command("serve")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "DRONE_MCP_WEBHOOK_SECRET is not set" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("listen", ["8088", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    ended = command("serve", "--listen", listen, DRONE_MCP_WEBHOOK_SECRET=SECRET)
    assert ended.returncode == 2
    assert "it takes ADDRESS:PORT" in ended.stderr


def test_an_address_that_another_has_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        ended = command("serve", "--listen", listen, DRONE_MCP_WEBHOOK_SECRET=SECRET)
    assert ended.returncode == 2
    assert f"cannot listen on {listen}" in ended.stderr


def test_a_state_that_is_no_store_stops_the_start() -> None:
    ended = command("serve", "--listen", "127.0.0.1:0", DRONE_MCP_WEBHOOK_SECRET=SECRET, DRONE_MCP_STATE="state.db")
    assert ended.returncode == 2
    assert "DRONE_MCP_STATE has a value that cannot be right" in ended.stderr


def test_it_says_that_reconciliation_is_off_and_that_memory_is_not_shared() -> None:
    with ReceiverProcess({"DRONE_MCP_WEBHOOK_SECRET": SECRET}) as receiver:
        receiver.terminate()
        status, said = receiver.end()
    assert status == 0
    assert "Reconciliation is off" in said
    assert "seen by no other process" in said


async def numbers(url: str) -> set[int]:
    async with open_store(url) as store:
        return {record.build.number async for record in store.records()}


async def test_a_snapshot_is_taken_while_the_receiver_runs_and_can_be_merged_back(tmp_path: Path) -> None:
    environment: dict[str, Any] = settings(tmp_path)
    with ReceiverProcess(environment) as receiver:
        async with receiver.client() as http:
            await deliver(http, body(7))
            ended = await asyncio.to_thread(command, "snapshot", str(tmp_path / "copy.db"), **environment)
            await deliver(http, body(8))
    assert ended.returncode == 0, ended.stderr
    assert await numbers(f"sqlite://{tmp_path}/copy.db") == {7}
    other = f"sqlite://{tmp_path}/other.db"
    ended = await asyncio.to_thread(command, "restore", str(tmp_path / "copy.db"), DRONE_MCP_STATE=other)
    assert ended.returncode == 0, ended.stderr
    assert await numbers(other) == {7}


def test_a_snapshot_does_not_overwrite(tmp_path: Path) -> None:
    (tmp_path / "copy.db").touch()
    ended = command("snapshot", str(tmp_path / "copy.db"), **settings(tmp_path))
    assert ended.returncode == 2
    assert "exists already" in ended.stderr

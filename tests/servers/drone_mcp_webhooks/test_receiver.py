from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_state import BuildStateStore, FeedHealth, StoreUnavailable, open_store
from drone_mcp_state.memory import MemoryStore
from drone_mcp_webhooks.receiver import LARGEST_BODY, Receiver
from drone_mcp_webhooks.webhook_keys import FileKeys, FixedKeys
from support.captured_builds import SECRET, deliveries, last_delivered
from support.deliveries import signed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

NOW = 1795255010.0
CAPTURED = deliveries()
FORGED = 'keyId="hmac-key",algorithm="hmac-sha256",signature="x",headers="date digest"'


class Front:
    """A receiver and a client at its door."""

    def __init__(self, store: BuildStateStore) -> None:
        self.store = store
        self.receiver = Receiver(store, FixedKeys(SECRET), now=lambda: NOW)
        transport = httpx.ASGITransport(self.receiver.app())
        self.http = httpx.AsyncClient(transport=transport, base_url="http://receiver.test")

    async def deliver(self, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post("/webhooks", content=raw, headers=signed(raw, at=NOW) | headers)

    async def metric(self, line: str) -> float:
        page = (await self.http.get("/metrics")).text
        return next((float(row.rpartition(" ")[2]) for row in page.splitlines() if row.startswith(line)), 0)


@pytest.fixture
async def front() -> AsyncGenerator[Front]:
    async with open_store("memory:") as store:
        yield Front(store)


def delivery(event: str, action: str, **parts: Any) -> dict[str, Any]:
    return {"event": event, "action": action, "system": {"version": "2.25.0"}, **parts}


def repo(**fields: Any) -> dict[str, Any]:
    return {"id": 1, "namespace": "octo", "name": "pub", "slug": "octo/pub", "version": 2, "active": True} | fields


async def test_the_captured_deliveries_end_in_the_state_that_drone_ended_in(front: Front) -> None:
    for captured in CAPTURED:
        response = await front.http.post("/webhooks", content=captured.body, headers=captured.headers)
        assert (response.status_code, response.content) == (204, b"")
    ends = {number: (await front.store.get("octo/pub", number)) for number in (2, 3, 4, 9, 10, 15)}
    assert {number: record and record.build.status for number, record in ends.items()} == {
        2: "error", 3: "failure", 4: "killed", 9: "success", 10: "killed", 15: "success",
    }  # fmt: skip
    assert ends[9] is not None
    assert ends[9].build == last_delivered(9)
    assert ends[9].source == "webhook"
    assert await front.store.repos() == ("octo/priv",), "octo/pub was disabled on the way"


async def test_the_captured_deliveries_in_any_order_and_twice_end_in_the_same_state(front: Front) -> None:
    for captured in [*reversed(CAPTURED), *CAPTURED]:
        await front.http.post("/webhooks", content=captured.body, headers=captured.headers)
    record = await front.store.get("octo/pub", 3)
    assert record is not None
    assert record.build == last_delivered(3)


async def test_the_event_is_read_from_the_body_since_its_header_is_not_signed(front: Front) -> None:
    body = delivery("build", "created", repo=repo(), build={"number": 1, "status": "pending", "version": 1})
    assert (await front.deliver(body, **{"X-Drone-Event": "user"})).status_code == 204
    assert await front.store.get("octo/pub", 1) is not None


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Signature": FORGED}, 401, "wrong_signature"),
        ({"Digest": "SHA-256=x"}, 401, "wrong_signature"),
        ({"Date": "Sat, 21 Nov 2026 09:56:42 GMT"}, 401, "wrong_signature"),
        ({"Signature": ""}, 401, "unsigned"),
        ({"Content-Type": "text/plain"}, 415, "content_type"),
        ({"Content-Length": str(LARGEST_BODY + 1)}, 413, "too_large"),
    ],
)  # fmt: skip
async def test_a_forged_or_unfit_delivery_is_refused_counted_and_changes_nothing(
    front: Front, caplog: pytest.LogCaptureFixture, headers: dict[str, str], status: int, reason: str
) -> None:
    body = delivery("build", "created", repo=repo(), build={"number": 1, "status": "sesame", "version": 1})
    response = await front.deliver(body, **headers)
    assert (response.status_code, response.text) == (status, f"refused: {reason}\n")
    assert await front.metric(f'drone_mcp_webhook_refusals_total{{reason="{reason}"}}') == 1
    assert await front.store.health() == FeedHealth(), "a forged delivery is no sign of life"
    assert await front.store.get("octo/pub", 1) is None
    assert reason in caplog.text
    assert "sesame" not in caplog.text


async def test_a_body_larger_than_the_limit_is_cut_off_even_if_its_length_is_not_reported(front: Front) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * LARGEST_BODY:
            sent += 2**16
            yield b" " * 2**16

    response = await front.http.post("/webhooks", content=endless(), headers=signed(b"", at=NOW))
    assert response.status_code == 413
    assert await front.metric('drone_mcp_webhook_refusals_total{reason="too_large"}') == 1


async def test_a_stranger_is_refused_before_the_body_is_read(front: Front) -> None:
    was_read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal was_read
        was_read = True
        yield b"{}"

    response = await front.http.post("/webhooks", content=body(), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.text) == (401, "refused: unsigned\n")
    assert not was_read


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"event": 7}',
        b"\xff",
        b"[" * 100_000,
        json.dumps(delivery("build", "updated")).encode(),
    ],
    ids=["empty", "null", "list", "object", "wrong type", "not utf-8", "deep", "build without a build"],
)
async def test_a_signed_body_that_drone_cannot_have_written_is_refused(front: Front, body: bytes) -> None:
    response = await front.deliver(body)
    assert (response.status_code, response.text) == (400, "refused: unreadable\n")


@pytest.mark.parametrize(("event", "action"), [("build", "finished"), ("build", "deleted"), ("stage", "updated")])
async def test_an_event_from_a_later_drone_is_counted_and_ignored(front: Front, event: str, action: str) -> None:
    assert (
        await front.deliver(delivery(event, action, repo=repo(), build={"number": 1, "status": "x"}))
    ).status_code == 204
    assert await front.store.get("octo/pub", 1) is None
    assert await front.metric('drone_mcp_webhook_deliveries_total{outcome="ignored"}') == 1
    assert (await front.store.health()).last_event == NOW


async def test_users_are_understood_and_repositories_come_and_go(front: Front) -> None:
    await front.deliver(delivery("user", "created", user={"id": 2, "login": "bot"}))
    await front.deliver(delivery("repo", "enabled", repo=repo()))
    assert await front.store.repos() == ("octo/pub",)
    await front.deliver(delivery("repo", "deleted", repo=repo()))
    assert await front.store.repos() == ()
    await front.deliver(delivery("repo", "enabled", repo=repo(id=2, version=2)))
    assert await front.store.repos() == ("octo/pub",)
    assert await front.metric('drone_mcp_webhook_deliveries_total{outcome="noted"}') == 1
    assert await front.metric('drone_mcp_webhook_deliveries_total{outcome="repo"}') == 3


async def test_deliveries_are_counted_by_what_became_of_them(front: Front) -> None:
    body = delivery("build", "created", repo=repo(), build={"number": 1, "status": "pending", "version": 1})
    await front.deliver(body)
    await front.deliver(body)
    assert await front.metric('drone_mcp_webhook_deliveries_total{outcome="changed"}') == 1
    assert await front.metric('drone_mcp_webhook_deliveries_total{outcome="nothing_new"}') == 1
    assert await front.metric("drone_mcp_webhook_acknowledge_seconds_count") == 2
    assert await front.metric("drone_mcp_feed_last_event_timestamp_seconds") == NOW
    assert await front.metric("drone_mcp_feed_alive") == 1


class BrokenStore(MemoryStore):
    async def apply(self, *_: Any, **__: Any) -> None:
        raise StoreUnavailable("the disk is full")

    async def health(self) -> FeedHealth:
        raise StoreUnavailable("the disk is full")

    async def check_writable(self) -> None:
        raise StoreUnavailable("the disk is full")


async def test_503_is_said_when_the_store_is_down_and_only_then(caplog: pytest.LogCaptureFixture) -> None:
    front = Front(BrokenStore())
    body = delivery("build", "created", repo=repo(), build={"number": 1, "status": "pending", "version": 1})
    assert (await front.deliver(body)).status_code == 503
    ready = await front.http.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "the disk is full\n")
    assert (await front.http.get("/healthz")).status_code == 200
    assert await front.metric("drone_mcp_store_errors_total") == 1
    assert "the disk is full" in caplog.text


async def test_a_receiver_is_ready_until_it_is_told_to_stop(front: Front) -> None:
    assert (await front.http.get("/readyz")).status_code == 200
    front.receiver.draining = True
    assert (await front.http.get("/readyz")).status_code == 503
    assert (await front.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_taken(front: Front, method: str) -> None:
    assert (await front.http.request(method, "/webhooks")).status_code == 405


async def test_a_waiter_is_notified_by_a_delivery(front: Front) -> None:
    waiting = asyncio.create_task(front.store.wait("octo/pub", 1, await front.store.cursor(), timeout=60))
    await front.deliver(
        delivery("build", "created", repo=repo(), build={"number": 1, "status": "pending", "version": 1})
    )
    found = await asyncio.wait_for(waiting, 10)
    assert [change.status for change in found.items] == ["pending"]


async def test_the_metrics_page_is_what_prometheus_reads(front: Front) -> None:
    response = await front.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    for row in response.text.splitlines():
        assert row.startswith(("# HELP drone_mcp_", "# TYPE drone_mcp_", "drone_mcp_"))


def test_secrets_in_a_file_are_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old\n")
    keys = FileKeys(path)
    assert keys.current() == (b"old",)
    path.write_text("old, newer\n")
    assert keys.current() == (b"old", b"newer")
    path.write_text("")
    assert keys.current() == (b"old", b"newer"), "a file that is being written is not an empty list of secrets"
    path.unlink()
    assert keys.current() == (b"old", b"newer")
    path.write_text("newest")
    assert keys.current() == (b"newest",)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    keys = FileKeys(tmp_path / "secret")
    keys.current()
    assert "hunter2" not in repr(keys) + repr(FixedKeys("hunter2"))

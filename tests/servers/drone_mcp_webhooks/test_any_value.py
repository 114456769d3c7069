"""A signed delivery with any value in any place: stored or refused, never an error of the receiver's own."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_state import open_store
from drone_mcp_webhooks.receiver import Receiver
from drone_mcp_webhooks.webhook_keys import FixedKeys
from support.captured_builds import SECRET, deliveries
from support.deliveries import signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1795255010.0
MARK = "the place"
ODD = (
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 5000,
    "1e30", "1e400", "-1", "0.5", "true", "null", '""', '"9223372036854775808"', r'"\ud800"', r'"\u0000"', '"#1"',
    "[]", "{}", "[[[]]]", '{"a": 1}', '"' + "x" * 10_000 + '"',
)  # fmt: skip


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every value; of a list, that to its first item only."""
    yield way
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*way, key))


def with_odd(body: dict[str, Any], way: tuple[str | int, ...], odd: str) -> bytes:
    changed: Any = {"": copy.deepcopy(body)}
    steps: list[str | int] = ["", *way]
    part = changed
    for step in steps[:-1]:
        part = part[step]
    part[steps[-1]] = MARK
    return json.dumps(changed[""]).replace(f'"{MARK}"', odd).encode()


def richest() -> dict[str, Any]:
    """Return the captured delivery with the most values."""
    bodies = [json.loads(one.body) for one in deliveries()]
    return max((body for body in bodies if body["event"] == "build"), key=lambda body: len(list(places(body))))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_any_value_in_any_place_is_stored_or_refused(kind: str, tmp_path: Path) -> None:
    body = richest()
    url = "memory:" if kind == "memory" else f"sqlite://{tmp_path}/state.db"
    async with open_store(url) as store:
        receiver = Receiver(store, FixedKeys(SECRET), now=lambda: NOW)
        transport = httpx.ASGITransport(receiver.app())  # raises what the application raises
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver.test") as http:
            ways = [way for way in places(body) if way[:2] != ("repo", "build")]
            for way in ways:
                for odd in ODD:
                    raw = with_odd(body, way, odd)
                    answer = await http.post("/webhooks", content=raw, headers=signed(raw, at=NOW))
                    assert answer.status_code in {204, 400}, (way, odd[:40], answer.text)
            for page in ("/readyz", "/metrics"):
                assert (await http.get(page)).status_code == 200
        async for record in store.records():
            assert await store.get(record.slug, record.build.number) is not None
        assert await store.unfinished() is not None
    assert len(ways) > 100

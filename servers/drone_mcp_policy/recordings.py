"""Reads recordings to replay: captured webhooks, or the builds of a state store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import ValidationError

from drone_mcp_client.models import Build, Event

if TYPE_CHECKING:
    from collections.abc import Iterator

_STORES = ("sqlite:", "redis:", "rediss:", "redis+")
_SQLITE = b"SQLite format 3\x00"  # the first 16 bytes of a database (sqlite.org/fileformat.html, 1.3.1)


class BadRecording(Exception):
    """A recording cannot be read; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A build as it was reported at a time (Unix seconds)."""

    at: int
    repo: str
    build: Build


def read_recording(source: str) -> list[Snapshot]:
    """Read snapshots in the order in which they came.

    `source` is the address of a store, a SQLite store's file, or a file of JSON lines, each of them a webhook's body
    or a capture of one: `[time, path, headers, body]`, or a mapping with `body` and `at`.

    Raises:
        BadRecording: it has another format.
    """
    if source.startswith(_STORES):
        return anyio.run(_stored, source)
    file = Path(source)
    try:
        with file.open("rb") as opened:
            is_store = opened.read(len(_SQLITE)) == _SQLITE
        if is_store:
            return anyio.run(_stored, f"sqlite://{file.absolute()}")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecording(f"{source} cannot be read: {getattr(error, 'strerror', '') or 'it is no text'}") from error
    return list(_lines(source, text))


async def _stored(address: str) -> list[Snapshot]:
    from drone_mcp_state import StoreError, open_store  # noqa: PLC0415 - only here

    try:
        async with open_store(address) as store:
            found = [Snapshot(int(record.seen_at), record.slug, record.build) async for record in store.records()]
    except StoreError as error:
        raise BadRecording(f"{address.partition('://')[0]} store: {error}") from error
    # A store holds one snapshot of a build, the newest, and gives them in no order.
    return sorted(found, key=lambda snapshot: (snapshot.build.created, snapshot.repo, snapshot.build.number))


def _lines(source: str, text: str) -> Iterator[Snapshot]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            at: Any = 0
            body = json.loads(line)
            if isinstance(body, list):
                at, _, _, body = body
            elif "body" in body:
                at, body = body.get("at", 0), body["body"]
            at = int(datetime.fromisoformat(at).timestamp() if isinstance(at, str) else at)
            event = Event.model_validate_json(body) if isinstance(body, str) else Event.model_validate(body)
        except (ValueError, TypeError, KeyError, ValidationError) as error:
            raise BadRecording(f"{source}:{number}: this is no captured webhook") from error
        # Webhooks about users and repositories carry no build.
        if event.build is not None and event.repo is not None:
            yield Snapshot(at or _latest_time(event.build), event.repo.slug, event.build)


def _latest_time(build: Build) -> int:
    """Return the latest time in the build, as a webhook's body has no time of its own."""
    steps = [step for stage in build.stages for step in stage.steps]
    return max(build.created, build.finished, build.started, *(max(step.started, step.stopped) for step in steps), 0)

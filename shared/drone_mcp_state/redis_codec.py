"""Encodes builds and changes as arguments of the Redis scripts, and decodes their answers."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from drone_mcp_state import redis_scripts as scripts
from drone_mcp_state.codec import decode_build, encode_build
from drone_mcp_state.merge import Transition, is_settled
from drone_mcp_state.records import FEED_LENGTH, Change, Record, Seen, receive
from drone_mcp_state.redis_scripts import build_key, ref_key, repo_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from drone_mcp_client.models import Build
    from drone_mcp_state.records import Feed, Source

Key = tuple[str, int]

FIELDS = ("revision", "body", "source", "seen_at", "place")


class Held(NamedTuple):
    """A build in Redis; every write gives it a new random revision."""

    revision: str
    record: Record


class NotHeld(NamedTuple):
    """A build that is not in Redis."""

    revision: str = ""
    record: None = None


@dataclass
class Write:
    """A snapshot to write, with the state of the build before and after it."""

    seen: Seen
    before: Held | NotHeld
    after: Held
    change: Change | None

    @property
    def moves(self) -> bool:
        """Return whether the build's entries in the indexes change."""
        known = self.before.record
        return known is None or _place_in_indexes(known.build) != _place_in_indexes(self.after.record.build)


def _place_in_indexes(build: Build) -> tuple[str, int, bool]:
    return (build.ref, build.created, is_settled(build))


def prepare(held: Held | NotHeld, seen: Seen) -> Write:
    """Merge a snapshot into the stored state."""
    record, change = receive(held.record, seen, "")
    return Write(seen, held, Held(secrets.token_hex(6), record), change)


def put_arguments(writes: Collection[Write]) -> list[Any]:
    """Return the arguments of `PUT`: the number of keys, keys and values."""
    event = max((write.seen.at for write in writes if write.seen.source == "webhook"), default="")
    keys = [scripts.FACTS, scripts.FEED, scripts.OPEN, scripts.AGE, scripts.SLUGS]
    values = []
    for write in writes:
        record, change = write.after.record, ""
        slug, build = record.slug, record.build
        if write.change is not None:
            row = [write.change.status, write.change.source, write.change.at, write.change.transitions]
            change = json.dumps(row, separators=(",", ":"))
        keys.append(build_key(slug, build.number))
        about = [record.source, str(record.seen_at), slug, str(build.number), change]
        if write.moves:
            before = write.before.record
            former = build.ref if before is None else before.build.ref
            keys += [repo_key(slug), ref_key(slug, build.ref), ref_key(slug, former)]
            about += [build.ref, str(build.created), str(int(is_settled(build)))]
        values.append([write.before.revision, write.after.revision, *about])
    facts = [str(event), secrets.token_hex(4), str(FEED_LENGTH), values]
    return [len(keys), *keys, json.dumps(facts), *(encode_build(write.after.record.build) for write in writes)]


def drop_arguments(key: Key, ref: bytes | None) -> list[Any]:
    """Return `DROP` and its arguments: the number of keys, keys and values."""
    slug, number = key
    indexes = [scripts.OPEN, scripts.AGE, scripts.SLUGS, repo_key(slug), ref_key(slug, (ref or b"").decode())]
    return [scripts.DROP, 6, build_key(slug, number), *indexes, slug, number]


def held_of(slug: str, row: list[bytes | None], feed: Feed) -> Held | NotHeld:
    """Decode the values of `FIELDS`."""
    revision, body, source, seen_at, place = row
    if revision is None or body is None:
        return NotHeld()
    cursor = feed.cursor(int(place or 0))
    origin: Source = (source or b"").decode()  # type: ignore[assignment]  # `put_arguments` has written a `Source`
    return Held(revision.decode(), Record(slug, decode_build(body), origin, float(seen_at or 0), cursor))


def split_members(members: Iterable[bytes]) -> list[Key]:
    """Decode members like `owner/name#7`."""
    split = (member.decode().rpartition("#") for member in members)
    return [(slug, int(number)) for slug, _, number in split]


def place_of(identifier: bytes) -> int:
    """Return the place of an entry of the feed by its id."""
    return int(identifier.partition(b"-")[0])


def change_of(identifier: bytes, fields: dict[bytes, bytes], feed: Feed) -> Change:
    """Decode an entry of the feed."""
    status, source, at, rows = json.loads(fields[b"change"])
    transitions = tuple(Transition(*row) for row in rows)
    slug, number = fields[b"slug"].decode(), int(fields[b"number"])
    return Change(slug, number, status, source, at, transitions, feed.cursor(place_of(identifier)))

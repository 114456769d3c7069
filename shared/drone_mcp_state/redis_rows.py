"""What the Redis store keeps, and how it is written as arguments of its scripts."""

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
    from collections.abc import Iterable

    from drone_mcp_state.cursors import Feed
    from drone_mcp_state.records import Source

Key = tuple[str, int]

FIELDS = ("revision", "body", "source", "seen_at", "place")


class Held(NamedTuple):
    """A build as Redis holds it; every write gives it another revision, which nobody can guess."""

    revision: str
    record: Record | None


NOT_HELD = Held("", None)


@dataclass
class Write:
    """A snapshot on its way, with what it makes of the build if nobody is faster."""

    seen: Seen
    before: Held
    after: Held
    change: Change | None


def prepare(held: Held, seen: Seen) -> Write:
    """Merge a snapshot into what is held."""
    record, change = receive(held.record, seen, "")
    return Write(seen, held, Held(secrets.token_hex(6), record), change)


def put_keys(write: Write) -> list[str]:
    """List the keys of `PUT`."""
    slug, build = write.seen.slug, write.seen.build
    now, before = write.after.record, write.before.record
    ref = now.build.ref if now else build.ref
    former = before.build.ref if before else ref
    shared = [scripts.FACTS, scripts.FEED, scripts.OPEN, scripts.AGE, scripts.SLUGS]
    return [build_key(slug, build.number), *shared, repo_key(slug), ref_key(slug, ref), ref_key(slug, former)]


def put_values(write: Write) -> list[str | bytes]:
    """List the values of `PUT`."""
    record = write.after.record
    assert record is not None  # noqa: S101 - a snapshot always leaves a build
    build = record.build
    change = "" if write.change is None else _encode_change(write.change)
    about = [record.source, record.seen_at, build.ref, record.slug, build.number, build.created]
    event = write.seen.at if write.seen.source == "webhook" else ""
    rest = [*about, int(is_settled(build)), change, FEED_LENGTH, secrets.token_hex(4), event]
    return [
        write.before.revision,
        write.after.revision,
        encode_build(build),
        json.dumps([str(value) for value in rest]),
    ]


def drop_arguments(key: Key, ref: bytes | None) -> list[Any]:
    """List the keys and values of `DROP`, with the script and their number."""
    slug, number = key
    indexes = [scripts.OPEN, scripts.AGE, scripts.SLUGS, repo_key(slug), ref_key(slug, (ref or b"").decode())]
    return [scripts.DROP, 6, build_key(slug, number), *indexes, slug, number]


def held_of(slug: str, row: list[bytes | None], feed: Feed) -> Held:
    """Read what `FIELDS` gave."""
    revision, body, source, seen_at, place = row
    if revision is None or body is None:
        return NOT_HELD
    cursor = feed.cursor(int(place or 0))
    told: Source = (source or b"").decode()  # type: ignore[assignment]  # it is what `Source` put there
    return Held(revision.decode(), Record(slug, decode_build(body), told, float(seen_at or 0), cursor))


def split_members(members: Iterable[bytes]) -> list[Key]:
    """Read members like `owner/name#7`."""
    split = (member.decode().rpartition("#") for member in members)
    return [(slug, int(number)) for slug, _, number in split]


def place_of(identifier: bytes) -> int:
    """Read the id of an entry."""
    return int(identifier.partition(b"-")[0])


def _encode_change(change: Change) -> str:
    return json.dumps([change.status, change.source, change.at, change.transitions], separators=(",", ":"))


def change_of(identifier: bytes, fields: dict[bytes, bytes], feed: Feed) -> Change:
    """Read an entry of the feed."""
    status, source, at, rows = json.loads(fields[b"change"])
    transitions = tuple(Transition(*row) for row in rows)
    slug, number = fields[b"slug"].decode(), int(fields[b"number"])
    return Change(slug, number, status, source, at, transitions, feed.cursor(place_of(identifier)))

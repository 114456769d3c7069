"""The tables of events and of the cooldowns of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.json_format import Parse

from ci_mcp_kit.sqlite_file import writing
from drone_mcp_node_agent.registry.services import to_json
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence


def add_events(connection: sqlite3.Connection, new: Sequence[pb.Event], counts: Sequence[int]) -> None:
    """Append events; their ids are those of the rows."""
    with writing(connection):
        for position, event in enumerate(new):
            count = counts[position] if position < len(counts) else 1
            at = event.at.ToNanoseconds() / 1e9
            connection.execute(
                "INSERT INTO events (at, service, component, kind, count, event) VALUES (?, ?, ?, ?, ?, ?)",
                (at, event.service, event.component, event.kind, count, to_json(event)),
            )


def list_events(
    connection: sqlite3.Connection, service: str, component: str, *, since: float, after: int, limit: int
) -> list[pb.Event]:
    """Return events, newest first; an empty service or component stands for all."""
    return _read(
        connection.execute(
            "SELECT id, event FROM events WHERE (? = '' OR service = ?) AND (? = '' OR component = ?)"
            " AND at >= ? AND id > ? ORDER BY id DESC LIMIT ?",
            (service, service, component, component, since, after, limit),
        )
    )


def list_following(connection: sqlite3.Connection, service: str, after: int, limit: int) -> list[pb.Event]:
    """Return the events that follow an id, oldest first."""
    return _read(
        connection.execute(
            "SELECT id, event FROM events WHERE (? = '' OR service = ?) AND id > ? ORDER BY id LIMIT ?",
            (service, service, after, limit),
        )
    )


def latest_id(connection: sqlite3.Connection) -> int:
    """Return the id of the newest event, 0 if there is none."""
    found: int = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
    return found


def _read(rows: Iterable[tuple[int, str]]) -> list[pb.Event]:
    found = []
    for number, text in rows:
        event = Parse(text, pb.Event(), ignore_unknown_fields=True)
        event.id = number
        found.append(event)
    return found


def count_events(
    connection: sqlite3.Connection, service: str, component: str, kinds: Sequence[str], since: float
) -> int:
    """Return the sum of what the events of some kinds stand for."""
    marks = ", ".join("?" * len(kinds))
    found: int = connection.execute(
        f"SELECT coalesce(sum(count), 0) FROM events WHERE kind IN ({marks})"  # noqa: S608 - question marks only
        " AND service = ? AND component = ? AND at >= ?",
        (*kinds, service, component, since),
    ).fetchone()[0]
    return found


def prune(connection: sqlite3.Connection, before: float) -> int:
    """Remove events and ended operations from before a time; return the number of events."""
    with writing(connection):
        connection.execute("DELETE FROM operations WHERE phase = 'ended' AND ended_at < ?", (before,))
        return connection.execute("DELETE FROM events WHERE at < ?", (before,)).rowcount


def start_cooldown(
    connection: sqlite3.Connection, service: str, component: str, kind: str, now: float, until: float
) -> bool:
    """Begin a cooldown unless one runs; return whether it has begun."""
    changed = connection.execute(
        "INSERT INTO cooldowns SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM services WHERE name = ?)"
        " ON CONFLICT (service, component, kind) DO UPDATE SET until = excluded.until WHERE until <= ?",
        (service, component, kind, until, service, now),
    )
    return changed.rowcount > 0

"""The tables of services, components, unmanaged containers and revisions."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToJson, Parse

from ci_mcp_kit.sqlite_file import writing
from drone_mcp_node_agent.registry.records import ServiceRecord
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from google.protobuf.message import Message


def to_json(message: Message) -> str:
    """Return a message as one line of JSON."""
    return MessageToJson(message, indent=None, ensure_ascii=False)


# One statement, so that both tables are read in the same state of the file.
SELECT = (
    "SELECT s.name, s.active, s.revision, s.spec, c.name, c.spec, c.stopped, c.image_digest, c.status FROM services s"
    " LEFT JOIN components c ON c.service = s.name"
)


def list_services(connection: sqlite3.Connection) -> list[ServiceRecord]:
    """Return all services by name, each with its components in their order."""
    return _read_services(connection.execute(f"{SELECT} ORDER BY s.name, c.position"))


def find_service(connection: sqlite3.Connection, name: str) -> ServiceRecord | None:
    """Return one service."""
    rows = connection.execute(f"{SELECT} WHERE s.name = ? ORDER BY c.position", (name,))
    return next(iter(_read_services(rows)), None)


def _read_services(rows: Iterable[tuple[Any, ...]]) -> list[ServiceRecord]:
    found = []
    for (name, active, revision, head), group in groupby(rows, key=itemgetter(0, 1, 2, 3)):
        spec = Parse(head, pb.ServiceSpec(), ignore_unknown_fields=True)
        spec.name, spec.active = name, bool(active)
        components = [row[4:] for row in group if row[4] is not None]
        spec.components.extend(Parse(one[1], pb.ComponentSpec(), ignore_unknown_fields=True) for one in components)
        found.append(
            ServiceRecord(
                spec,
                revision,
                stopped=frozenset(name for name, _, stopped, _, _ in components if stopped),
                digests={name: digest for name, _, _, digest, _ in components},
                statuses={
                    name: Parse(status, pb.ComponentStatus(), ignore_unknown_fields=True)
                    for name, _, _, _, status in components
                },
            )
        )
    return found


def put_spec(connection: sqlite3.Connection, spec: pb.ServiceSpec) -> None:
    """Keep what is wanted of a service in a transaction of its own."""
    with writing(connection):
        write_spec(connection, spec)


def write_spec(connection: sqlite3.Connection, spec: pb.ServiceSpec) -> None:
    """Keep what is wanted of a service, within the caller's transaction."""
    head = pb.ServiceSpec()
    head.CopyFrom(spec)
    head.ClearField("components")
    connection.execute(
        "INSERT INTO services VALUES (?, ?, 0, ?)"
        " ON CONFLICT (name) DO UPDATE SET active = excluded.active, spec = excluded.spec",
        (spec.name, spec.active, to_json(head)),
    )
    names = [component.name for component in spec.components]
    marks = ", ".join("?" * len(names))
    connection.execute(
        f"DELETE FROM components WHERE service = ? AND name NOT IN ({marks})",  # noqa: S608 - question marks only
        (spec.name, *names),
    )
    connection.executemany(
        "INSERT INTO components VALUES (?, ?, ?, ?, 0, '', '{}')"
        " ON CONFLICT (service, name) DO UPDATE SET position = excluded.position, spec = excluded.spec",
        [(spec.name, one.name, position, to_json(one)) for position, one in enumerate(spec.components)],
    )


def set_wanted(connection: sqlite3.Connection, name: str, component: str, runs: bool) -> None:
    """Keep whether a service, or one component of it, should run."""
    with writing(connection):
        if component:
            connection.execute(
                "UPDATE components SET stopped = ? WHERE service = ? AND name = ?", (not runs, name, component)
            )
        else:
            connection.execute("UPDATE services SET active = ? WHERE name = ?", (runs, name))
            connection.execute("UPDATE components SET stopped = 0 WHERE service = ?", (name,))


def remove_service(connection: sqlite3.Connection, name: str) -> None:
    """Forget a service, with all rows that refer to it."""
    connection.execute("DELETE FROM services WHERE name = ?", (name,))


def put_statuses(connection: sqlite3.Connection, statuses: Mapping[str, Mapping[str, pb.ComponentStatus]]) -> None:
    """Keep how components were seen; one that is gone meanwhile is left out."""
    with writing(connection):
        connection.executemany(
            "UPDATE components SET status = ? WHERE service = ? AND name = ?",
            [
                (to_json(status), service, component)
                for service, components in statuses.items()
                for component, status in components.items()
            ],
        )


def list_unmanaged(connection: sqlite3.Connection) -> list[pb.ComponentStatus]:
    """Return the containers that belong to no service, by name."""
    rows = connection.execute("SELECT status FROM unmanaged ORDER BY name")
    return [Parse(status, pb.ComponentStatus(), ignore_unknown_fields=True) for (status,) in rows]


def put_unmanaged(connection: sqlite3.Connection, statuses: list[pb.ComponentStatus]) -> None:
    """Replace the containers that belong to no service."""
    with writing(connection):
        connection.execute("DELETE FROM unmanaged")
        connection.executemany(
            "INSERT INTO unmanaged VALUES (?, ?)", [(status.container, to_json(status)) for status in statuses]
        )


def add_revision(connection: sqlite3.Connection, service: str, revision: pb.Revision) -> None:
    """Keep a revision; one of the same number is replaced."""
    connection.execute(
        "INSERT OR REPLACE INTO revisions VALUES (?, ?, ?)", (service, revision.number, to_json(revision))
    )


def list_revisions(connection: sqlite3.Connection, service: str, limit: int) -> list[pb.Revision]:
    """Return the revisions of a service, newest first."""
    rows = connection.execute(
        "SELECT revision FROM revisions WHERE service = ? ORDER BY number DESC LIMIT ?", (service, limit)
    )
    return [Parse(revision, pb.Revision(), ignore_unknown_fields=True) for (revision,) in rows]


def find_revision(connection: sqlite3.Connection, service: str, number: int) -> pb.Revision | None:
    """Return one revision."""
    row = connection.execute(
        "SELECT revision FROM revisions WHERE service = ? AND number = ?", (service, number)
    ).fetchone()
    return Parse(row[0], pb.Revision(), ignore_unknown_fields=True) if row else None

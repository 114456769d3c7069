"""The tables of services, components, unmanaged containers and revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def list_services(connection: sqlite3.Connection) -> list[ServiceRecord]:
    """Return all services by name, each with its components in their order."""
    # One statement, so that both tables are read in the same state of the file.
    rows = connection.execute(
        "SELECT s.name, s.active, s.revision, s.spec, c.name, c.spec, c.image_digest, c.status FROM services s"
        " LEFT JOIN components c ON c.service = s.name ORDER BY s.name, c.position"
    )
    return _read_services(rows)


def find_service(connection: sqlite3.Connection, name: str) -> ServiceRecord | None:
    """Return one service."""
    rows = connection.execute(
        "SELECT s.name, s.active, s.revision, s.spec, c.name, c.spec, c.image_digest, c.status FROM services s"
        " LEFT JOIN components c ON c.service = s.name WHERE s.name = ? ORDER BY c.position",
        (name,),
    )
    return next(iter(_read_services(rows)), None)


def _read_services(rows: Iterable[tuple[str, int, int, str, str | None, str, str, str]]) -> list[ServiceRecord]:
    found: dict[str, ServiceRecord] = {}
    digests: dict[str, dict[str, str]] = {}
    statuses: dict[str, dict[str, pb.ComponentStatus]] = {}
    for name, active, revision, spec, component, component_spec, digest, status in rows:
        if name not in found:
            service = Parse(spec, pb.ServiceSpec(), ignore_unknown_fields=True)
            service.active = bool(active)
            digests[name], statuses[name] = {}, {}
            found[name] = ServiceRecord(service, revision, digests[name], statuses[name])
        if component is not None:
            found[name].spec.components.append(Parse(component_spec, pb.ComponentSpec(), ignore_unknown_fields=True))
            digests[name][component] = digest
            statuses[name][component] = Parse(status, pb.ComponentStatus(), ignore_unknown_fields=True)
    return list(found.values())


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
        "INSERT INTO components VALUES (?, ?, ?, ?, '', '{}')"
        " ON CONFLICT (service, name) DO UPDATE SET position = excluded.position, spec = excluded.spec",
        [(spec.name, one.name, position, to_json(one)) for position, one in enumerate(spec.components)],
    )


def set_active(connection: sqlite3.Connection, name: str, active: bool) -> None:
    """Keep whether a service should run."""
    connection.execute("UPDATE services SET active = ? WHERE name = ?", (active, name))


def remove_service(connection: sqlite3.Connection, name: str) -> None:
    """Forget a service, with all rows that refer to it."""
    connection.execute("DELETE FROM services WHERE name = ?", (name,))


def put_statuses(connection: sqlite3.Connection, name: str, statuses: Mapping[str, pb.ComponentStatus]) -> None:
    """Keep how components were seen; a component that is gone meanwhile is left out."""
    with writing(connection):
        connection.executemany(
            "UPDATE components SET status = ? WHERE service = ? AND name = ?",
            [(to_json(status), name, component) for component, status in statuses.items()],
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

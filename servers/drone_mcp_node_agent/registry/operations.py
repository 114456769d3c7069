"""The journal of operations, from which a daemon that was killed finishes or goes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ci_mcp_kit.sqlite_file import writing
from drone_mcp_node_agent.registry.records import OperationRecord, Phase
from drone_mcp_node_agent.registry.services import add_revision, to_json, write_spec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from drone_mcp_nodes_api.wire import agent_pb2 as pb

COLUMNS = "id, service, kind, caller, phase, journal, response"


def begin(
    connection: sqlite3.Connection,
    service: str,
    kind: str,
    by: str,
    journal: Mapping[str, object],
    key: str | None,
    now: float,
) -> int:
    """Add an operation and return its number."""
    added = connection.execute(
        "INSERT INTO operations (service, kind, caller, phase, started_at, idempotency_key, journal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (service, kind, by, Phase.PREPARING, now, key, json.dumps(journal)),
    )
    return added.lastrowid or 0


def set_phase(connection: sqlite3.Connection, operation: int, phase: Phase) -> None:
    """Write how far an operation has come."""
    connection.execute("UPDATE operations SET phase = ? WHERE id = ?", (phase, operation))


def commit_deployment(
    connection: sqlite3.Connection,
    operation: int,
    spec: pb.ServiceSpec,
    digests: Mapping[str, str],
    revision: pb.Revision,
) -> None:
    """Write what a deployment has put in force, together with the phase of its operation."""
    with writing(connection):
        write_spec(connection, spec)
        connection.executemany(
            "UPDATE components SET image_digest = ?, stopped = 0 WHERE service = ? AND name = ?",
            [(digest, spec.name, component) for component, digest in digests.items()],
        )
        if revision.number:
            connection.execute("UPDATE services SET revision = ? WHERE name = ?", (revision.number, spec.name))
            add_revision(connection, spec.name, revision)
        set_phase(connection, operation, Phase.COMMITTED)


def end(connection: sqlite3.Connection, operation: int, response: pb.DeployResponse | None, now: float) -> None:
    """Close an operation."""
    text = to_json(response) if response is not None else None
    connection.execute(
        "UPDATE operations SET phase = ?, ended_at = ?, response = ? WHERE id = ?", (Phase.ENDED, now, text, operation)
    )


def list_unended(connection: sqlite3.Connection) -> list[OperationRecord]:
    """Return the operations that have not ended, oldest first."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM operations WHERE phase != 'ended' ORDER BY id")  # noqa: S608 - a constant
    return [_read(row) for row in rows]


def find_by_key(connection: sqlite3.Connection, key: str) -> OperationRecord | None:
    """Return the operation of an idempotency key."""
    row = connection.execute(f"SELECT {COLUMNS} FROM operations WHERE idempotency_key = ?", (key,)).fetchone()  # noqa: S608 - a constant
    return _read(row) if row else None


def _read(row: tuple[int, str, str, str, str, str, str | None]) -> OperationRecord:
    number, service, kind, by, phase, journal, response = row
    return OperationRecord(number, service, kind, by, Phase(phase), json.loads(journal), response)

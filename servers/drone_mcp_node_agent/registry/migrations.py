"""The tables of the registry, as numbered steps: a file of an older daemon is brought up to date when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.sqlite_file import writing

if TYPE_CHECKING:
    import sqlite3

# A step that was released is never edited. Messages are kept as JSON, so that `sqlite3` shows them to a person.
MIGRATIONS: Final = (
    """
    CREATE TABLE services (
        name TEXT PRIMARY KEY,
        active INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        spec TEXT NOT NULL                  -- ServiceSpec without its components
    ) STRICT;
    CREATE TABLE components (
        service TEXT NOT NULL REFERENCES services (name) ON DELETE CASCADE,
        name TEXT NOT NULL,
        position INTEGER NOT NULL,
        spec TEXT NOT NULL,                 -- ComponentSpec: image, ports, volumes, command, environment ...
        stopped INTEGER NOT NULL,           -- whether it alone was stopped, while its service is active
        image_digest TEXT NOT NULL,         -- of what was deployed; empty before the first deployment
        status TEXT NOT NULL,               -- ComponentStatus as last observed
        PRIMARY KEY (service, name)
    ) STRICT;
    CREATE TABLE unmanaged (
        name TEXT PRIMARY KEY,
        status TEXT NOT NULL                -- ComponentStatus whose desired state is `ignore`
    ) STRICT;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        service TEXT NOT NULL,              -- no foreign key: events outlive their service
        component TEXT NOT NULL,
        kind TEXT NOT NULL,
        count INTEGER NOT NULL,             -- how many of the kind this one stands for
        event TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_component ON events (service, component, at);
    CREATE INDEX events_by_time ON events (at);
    CREATE TABLE revisions (
        service TEXT NOT NULL REFERENCES services (name) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        revision TEXT NOT NULL,             -- Revision
        PRIMARY KEY (service, number)
    ) STRICT;
    CREATE TABLE operations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        service TEXT NOT NULL,              -- no foreign key: the first deployment begins before its service is kept
        kind TEXT NOT NULL,
        caller TEXT NOT NULL,
        phase TEXT NOT NULL,                -- preparing, swapping, committed, ended
        started_at REAL NOT NULL,
        ended_at REAL,
        idempotency_key TEXT UNIQUE,
        journal TEXT NOT NULL,              -- what recovery needs to finish or to go back
        response TEXT                       -- DeployResponse, for a caller that repeats its key
    ) STRICT;
    CREATE INDEX operations_unended ON operations (phase) WHERE phase != 'ended';
    CREATE TABLE cooldowns (
        service TEXT NOT NULL REFERENCES services (name) ON DELETE CASCADE,
        component TEXT NOT NULL,
        kind TEXT NOT NULL,
        until REAL NOT NULL,
        PRIMARY KEY (service, component, kind)
    ) STRICT;
    """,
)


class RegistryTooNew(Exception):
    """A newer daemon wrote the file, and this one does not know its tables."""


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the steps that the file lacks, each in a transaction with its number."""
    while (version := connection.execute("PRAGMA user_version").fetchone()[0]) < len(MIGRATIONS):
        with writing(connection):
            # Read again within the transaction: another process may have taken this step meanwhile.
            if connection.execute("PRAGMA user_version").fetchone()[0] == version:
                for statement in MIGRATIONS[version].split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
    if version > len(MIGRATIONS):
        raise RegistryTooNew(
            f"the registry has version {version} and this daemon knows versions up to {len(MIGRATIONS)}: "
            "install the newer daemon again, or restore a snapshot of the registry that this one has made"
        )

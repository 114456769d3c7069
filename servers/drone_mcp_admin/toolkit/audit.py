"""Reads the audit file of this process and its neighbours, and verifies it."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.audit_chain import Report, verify
from ci_mcp_kit.guard.audit_file import read_head
from drone_mcp_admin.reading.queue_state import PAUSE, RESUME
from drone_mcp_admin.reading.views import AuditLog

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST: Final = 64 * 2**20  # bytes that are verified within a call
_PLACE: Final = ("chain", "number", "previous", "hash")  # of a line in its chain, which `verified` is about


def audit_path(audit: str) -> Path | None:
    """Return the path of the audit file; None where the log is no file that can be read back."""
    path = Path(audit)
    return path if os.path.isabs(audit) and path.is_file() else None  # noqa: PTH117 - text, to tell it from an address


def read_audit(path: Path, key: bytes | None, limit: int) -> AuditLog:
    """Return the newest lines, and whether the whole file is unchanged; `key` is that of its signatures."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            note = f"The file has {size // 2**20} MiB, too many for one call; drone-mcp-admin audit verify reads all"
            return AuditLog(verified=False, lines=(), count=0, note=note)
        newest: deque[str] = deque(maxlen=limit)
        count = 0

        def lines() -> Iterator[str]:
            nonlocal count
            with path.open(encoding="ascii", errors="replace") as file:
                for line in file:
                    count += 1
                    newest.append(line.rstrip("\n"))
                    yield newest[-1]

        report: Report = verify(lines(), key, read_head(path))
    except OSError as error:
        return AuditLog(verified=False, lines=(), count=0, problems=(f"The file cannot be read: {error.strerror}",))
    return AuditLog(
        verified=not report.problems,
        lines=tuple(fact for line in reversed(newest) if (fact := _facts(line))),
        count=count,
        problems=report.problems[:10],
        note="" if key else "Lines are hashed and not signed: whoever can write the file can write another history",
    )


def last_switch(path: Path) -> dict[str, Any] | None:
    """Return the newest line of a pause or a resumption of the queue that was carried out; None without one."""
    found = None
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                if "_queue" in line and (fact := _facts(line)).get("outcome") == "done":
                    found = fact if fact.get("operation") in (PAUSE, RESUME) else found
    except OSError:
        return None
    return found


def _facts(line: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in facts.items() if name not in _PLACE} if isinstance(facts, dict) else {}

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
    from collections.abc import Iterable, Iterator

LARGEST: Final = 64 * 2**20  # bytes that are verified within a call
TAIL: Final = 4 * 2**20  # bytes at the end in which the last pause of the queue is looked for
MOST_TEXT: Final = 40_000  # characters of lines in an answer
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
    shown = _fit(reversed(newest))
    unsigned = "" if key else "Lines are hashed and not signed: whoever can write the file can write another history"
    cut = f"Only the newest {len(shown)} lines fit into an answer" if len(shown) < len(newest) else ""
    return AuditLog(
        verified=not report.problems,
        lines=tuple(fact for line in shown if (fact := _facts(line))),
        count=count,
        problems=report.problems[:10],
        note=". ".join(note for note in (unsigned, cut) if note),
    )


def _fit(lines: Iterable[str]) -> list[str]:
    """Return the first lines, as far as they fit into an answer."""
    left, shown = MOST_TEXT, []
    for line in lines:
        left -= len(line)
        if left < 0:
            break
        shown.append(line)
    return shown


def last_switch(path: Path) -> dict[str, Any] | None:
    """Return the newest line of a pause or a resumption of the queue that was carried out; None without one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read(TAIL).decode("ascii", "replace").splitlines()
    except OSError:
        return None
    facts = (_facts(line) for line in reversed(lines) if "_queue" in line)
    done = (one for one in facts if one.get("outcome") == "done")
    return next((one for one in done if one.get("operation") in (PAUSE, RESUME)), None)


def _facts(line: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in facts.items() if name not in _PLACE} if isinstance(facts, dict) else {}

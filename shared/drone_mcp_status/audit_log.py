"""The newest lines of an audit file, and whether the file is intact."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from ci_mcp_kit.guard.audit_file import verify_file
from ci_mcp_kit.guard.audit_wording import describe
from drone_mcp_status.page_data import AuditLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_kit.guard.audit_chain import Report

LARGEST: Final = 64 * 2**20  # bytes of a file that is checked here: some seconds of processor time
CHECKED_FOR: Final = 60.0  # seconds for which a verdict holds while the file looks unchanged
KEPT: Final = 200  # lines, of which a page shows those that its reader may see
SHOWN: Final = 20


class AuditReader:
    """Reads one audit log, and checks it again when it has changed.

    Args:
        place: a path, "stderr" or the address of a collector, as servers take it.
        key: that its lines are signed with, if they are.
        clock: gives seconds.
    """

    def __init__(self, place: str, key: bytes | None, clock: Callable[[], float]) -> None:
        self._place = place
        self._key = key
        self._clock = clock
        self._stamp: tuple[int, int, int] | None = None
        self._report: Report | None = None
        self._checked_at = float("-inf")

    async def read(self, may_show: Callable[[dict[str, Any]], Awaitable[bool]]) -> AuditLog:
        """Return the newest lines that may be shown."""
        if not Path(self._place).is_absolute():
            where = "standard error" if self._place == "stderr" else "a collector"
            return AuditLog("audit log", "off", f"The lines go to {where}, from where they cannot be read back.")
        name = Path(self._place).name
        try:
            report = await self._check()
        except FileNotFoundError:
            return AuditLog(name, "off", "No agent has acted yet.")
        except OSError as error:
            return AuditLog(name, "bad", f"The file cannot be checked: {error.strerror or error}.")
        if report is None:
            advice = "audit verify FILE, a command of every server that writes, checks it"
            return AuditLog(name, "warning", f"The file is larger than {LARGEST >> 20} MiB: {advice}.")
        shown = [entry for entry in reversed(report.newest) if await may_show(entry)][:SHOWN]
        lines = tuple(map(describe, shown))
        if report.problems:
            more = f" and {len(report.problems) - 1} more" if len(report.problems) > 1 else ""
            return AuditLog(name, "bad", f"NOT INTACT: {report.problems[0]}{more}.", lines)
        count = report.head.count if report.head else 0
        return AuditLog(name, "good", f"Intact: all {count} lines are as they were written.", lines)

    async def _check(self) -> Report | None:
        """Return the report; None if the file is too large."""
        found = await anyio.Path(self._place).stat()
        if found.st_size > LARGEST:
            return None
        stamp = found.st_mtime_ns, found.st_size, found.st_ino
        now = self._clock()
        if stamp != self._stamp or self._report is None or now - self._checked_at > CHECKED_FOR:
            path = Path(self._place)
            # In a thread: hashing a large file takes seconds.
            self._report = await anyio.to_thread.run_sync(lambda: verify_file(path, self._key, keep=KEPT))
            self._stamp, self._checked_at = stamp, now
        return self._report

"""Reads everything on the page of one role, or of a receiver."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio

from ci_mcp_kit.outgoing_text import Cleaner, one_line
from drone_mcp_state import StoreError
from drone_mcp_status.audience import Everyone
from drone_mcp_status.health import STORE, feed_checks
from drone_mcp_status.page_data import Check, Overview, RedRef, WaitingBuild

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from drone_mcp_state import BuildStateStore
    from drone_mcp_status.audit_log import AuditReader
    from drone_mcp_status.health import DroneProbe
    from drone_mcp_status.page_data import CallUnderWay
    from drone_mcp_status.red_build_reader import Board

MOST_SHOWN: Final = 50  # rows of each list
KEPT: Final = 1.0  # seconds for which a reading counts, however many people look at the page
NO_STORE: Final = "No build store is shared with a webhook receiver (DRONE_MCP_STATE), so builds are not shown."
EMPTY_STORE: Final = "The build store holds no builds yet: it fills with deliveries of Drone and comparisons with it."
STORE_DOWN: Final = "The build store does not answer, so builds are not shown."

Row = TypeVar("Row", RedRef, WaitingBuild)


@dataclass(frozen=True, slots=True)
class BuildSource:
    """Where the builds of a page come from.

    Attributes:
        open: returns the store.
        board: of its builds.
        problem: returns why the store takes no writes; "" if it does.
    """

    open: Callable[[], Awaitable[BuildStateStore]]
    board: Board
    problem: Callable[[], Awaitable[str]] | None = None


@dataclass(eq=False, kw_only=True)
class Status:
    """Reads a page.

    Attributes:
        subject: whose page it is, like "role ops".
        clean: cleans all texts.
        audience: who looks at it.
        builds: None where there is no store.
        drone: None where Drone is not asked.
        audits: the audit logs of the subject's servers.
        calls: returns the open calls; None where the process answers none.
        clock: gives the Unix time.
    """

    subject: str
    clean: Cleaner
    audience: Everyone = field(default_factory=Everyone)
    builds: BuildSource | None = None
    drone: DroneProbe | None = None
    audits: Sequence[AuditReader] = ()
    calls: Callable[[], tuple[CallUnderWay, ...]] | None = None
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._turn = anyio.Lock()
        self._last: Overview | None = None

    async def read(self) -> Overview:
        """Return what the page shows now."""
        async with self._turn:
            if self._last is None or not 0 <= self.clock() - self._last.at < KEPT:
                with self.clean.in_force():
                    self._last = await self._read()
            return self._last

    async def _read(self) -> Overview:
        red: tuple[RedRef, ...] | None = None
        waiting: tuple[WaitingBuild, ...] | None = None
        checks: list[Check] = []
        gaps: list[str] = []
        if self.builds is None:
            gaps.append(NO_STORE)
        else:
            try:
                store = await self.builds.open()
                found = await self.builds.board.red(store)
                if found is None:
                    gaps.append(EMPTY_STORE)
                else:
                    red = await self._visible(found)
                waiting = await self._visible(await self.builds.board.waiting(store))
                checks = [await self._check_store(), *feed_checks(await store.health(), self.clock())]
            except StoreError as error:
                checks = [Check(STORE, "bad", one_line(f"{error}."))]
                gaps.append(STORE_DOWN)
        if self.drone is not None:
            checks.append(await self.drone.check())
        return Overview(
            subject=self.subject,
            at=self.clock(),
            red=red,
            waiting=waiting,
            calls=self.calls() if self.calls else None,
            audits=tuple([await audit.read(self._may_show) for audit in self.audits]),
            checks=tuple(checks),
            gaps=(*gaps, *([self.audience.gap] if self.audience.gap else [])),
        )

    async def _visible(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        shown: list[Row] = []
        for row in rows:
            if len(shown) < MOST_SHOWN and await self.audience.sees(row.build.repo, row.build.repo_id):
                shown.append(row)
        return tuple(shown)

    async def _check_store(self) -> Check:
        problem = await self.builds.problem() if self.builds and self.builds.problem else ""
        return Check(STORE, "bad", one_line(f"{problem}.")) if problem else Check(STORE, "good", "It answers.")

    async def _may_show(self, entry: dict[str, Any]) -> bool:
        """Return whether the reader may see a line: about a repository of theirs, or about none and of their role."""
        repo = entry.get("repo")
        if isinstance(repo, str) and repo:
            return await self.audience.sees(repo)
        agent = entry.get("agent")
        return self.audience.is_own(str(agent.get("role", "")) if isinstance(agent, dict) else "")

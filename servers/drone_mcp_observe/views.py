"""The answers of this server's tools. Empty fields are left out."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View


class QueuedStage(View):
    """A stage that waits or runs."""

    repo: str = ""
    build: int | None = None
    stage: str
    status: str
    seconds: int = Field(description="waiting or running")
    reason: str = ""
    why: str = ""
    runner: str = ""
    needs: str = Field(default="", description="type and platform of its runner")


class QueueView(View):
    """Drone's queue. reason: limit, throttle, no_runner, accepted, busy, stalled or new."""

    pending: int
    running: int
    summary: str
    stages: tuple[QueuedStage, ...]
    left_out: str = ""
    note: str = ""
    next_step: str = ""


class TrendItem(View):
    """How one repository, branch, stage or step did; times in seconds, rates in percent."""

    name: str
    builds: int
    failed: float | None = None
    median: float | None = None
    p95: float | None = None
    wait_median: float | None = None
    wait_p95: float | None = None
    durations: str = Field(default="", description="sparkline over the time")
    worse: str = ""
    better: str = ""


class TrendsView(View):
    """Durations, waits for a runner and failure rates; what gets worse comes first."""

    by: str
    repo: str = ""
    since: str | None
    builds: int
    items: tuple[TrendItem, ...]
    left_out: str = ""
    note: str = ""


class CiAlert(View):
    """A rule that applies now."""

    alert: str
    severity: str
    repo: str = ""
    build: int | None = None
    since: str | None = None
    summary: str
    history: str = Field(default="", description="sparkline of failed builds, by day")


class CiAlertsView(View):
    """The alerts about CI itself, the most severe first."""

    alerts: tuple[CiAlert, ...]
    checked: str
    rules: str = Field(description="their file")
    left_out: str = ""
    note: str = ""

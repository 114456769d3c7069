"""How an agent stands: one state, decided from all that Coder knows about its workspace. Pure.

The parts of Coder's answer contradict each other. After an agent has been killed, the workspace is still `running`, the
application `healthy` and the report `working`; a stopped workspace keeps the last report; a build over a running
workspace has a new agent, while reports of the one before are still there. So they are asked in a fixed order: build
job, transition, connection of the agent, its lifecycle, and last its report with the report's age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from coder_client.models import Agent, AppStatus, Build

# From the one that most needs somebody to the one that needs nobody.
KINDS: Final = (
    "build failed",
    "lost",
    "start failed",
    "failure",
    "silent",
    "unknown",
    "build canceled",
    "canceling",
    "pending",
    "starting",
    "connecting",
    "stopping",
    "deleting",
    "ready",
    "working",
    "idle",
    "complete",
    "stopped",
    "deleted",
)
UNDER_WAY: Final = frozenset({"canceling", "pending", "starting", "connecting", "stopping", "deleting"})
"""States that end by themselves."""
NEEDS_SOMEBODY: Final = frozenset({"build failed", "lost", "start failed", "failure", "silent", "unknown"})
REACHABLE: Final = frozenset({"ready", "working", "idle", "complete", "failure", "silent"})
"""States of an agent that is connected and has started."""

_BUILDING: Final = {"start": "starting", "stop": "stopping", "delete": "deleting"}
_ENDED: Final = {"stop": "stopped", "delete": "deleted"}
_CONNECTION: Final = {"connecting": "connecting", "timeout": "lost", "disconnected": "lost"}
# coder/coder v2.36.0, codersdk/workspaceagents.go, WorkspaceAgentLifecycle.
_LIFECYCLE: Final = {
    "created": "starting",
    "starting": "starting",
    "start_timeout": "start failed",
    "start_error": "start failed",
    "shutting_down": "stopping",
    "shutdown_timeout": "stopping",
    "shutdown_error": "stopping",
    "off": "lost",
}
_REPORTED: Final = frozenset({"working", "idle", "complete", "failure"})


@dataclass(frozen=True, slots=True)
class State:
    """The state of an agent.

    Attributes:
        kind: one of `KINDS`.
        seconds: for how long, or since the report; None where Coder does not show it.
        was: the state that the agent reported before, where the present one hides it.
        about: what the kind is about, as a part of the text: the transition, the word that is not known.
    """

    kind: str
    seconds: float | None = None
    was: str = ""
    about: str = ""

    @property
    def rank(self) -> int:
        """Its place in `KINDS`: 0 needs somebody most."""
        return KINDS.index(self.kind)

    @property
    def text(self) -> str:
        """The state for a reader, like "lost for 3 min (was working)" or "no report for 14 min (was working)"."""
        was = f" (was {self.was})" if self.was else ""
        age = describe_age(self.seconds)
        if self.kind == "silent":
            return f"no report for {age}{was}"
        if self.kind in _REPORTED:
            return f"{self.kind}, reported {age} ago"
        words = " ".join(part for part in (self.about, self.kind) if part)
        return f"{words} for {age}{was}" if age else f"{words}{was}"


def derive_state(
    build: Build,
    report: AppStatus | None,
    agent: Agent | None,
    *,
    now: datetime,
    quiet_after: float,
    has_task: bool,
) -> State:
    """Return the state of an agent.

    Args:
        build: the latest one of its workspace.
        report: the last one, of whatever build; None where there is none.
        agent: the process of the workspace that does the work, None where there is none.
        now: the time, with a zone.
        quiet_after: seconds without a report after which an agent that should work is silent.
        has_task: whether it has something to work on.
    """
    was = report.state if report else ""
    if (ended := _judge_build(build, was, now)) is not None:
        return ended
    if agent is None:
        return State("unknown", was=was, about="running without an agent:")
    own = report if report and report.agent_id == agent.id else None
    if agent.status != "connected":
        kind = _CONNECTION.get(agent.status, "unknown")
        about = f"connection {agent.status}:" if kind == "unknown" else ""
        return State(kind, _since(agent.disconnected_at, now), own.state if own else "", about)
    if agent.lifecycle_state != "ready":
        kind = _LIFECYCLE.get(agent.lifecycle_state, "unknown")
        about = f"lifecycle {agent.lifecycle_state}:" if kind == "unknown" else ""
        return State(kind, None, own.state if own else "", about)
    began = agent.ready_at or build.created_at
    return _judge_report(own, began, now=now, quiet_after=quiet_after, has_task=has_task)


def choose_agent(build: Build, app: str) -> Agent | None:
    """Return the process that does the work: the one with the application, else the first that is no sub-agent."""
    with_app = [agent for agent in build.agents if any(one.slug == app for one in agent.apps)]
    return next(iter([*with_app, *(agent for agent in build.agents if not agent.parent_id)]), None)


def describe_age(seconds: float | None) -> str:
    """Return a span in its largest unit, "" for None."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def _judge_build(build: Build, was: str, now: datetime) -> State | None:
    """Return the state that the build alone decides, None for a start that has succeeded."""
    status, about, seconds = build.job.status, build.transition, _since(build.created_at, now)
    if status == "pending":
        return State("pending", seconds, was, about)
    if status == "running":
        return State(_BUILDING.get(build.transition, "unknown"), seconds, was)
    if status in {"failed", "canceled", "canceling"}:
        kind = "canceling" if status == "canceling" else f"build {status}"
        return State(kind, seconds, was, about)
    if status != "succeeded":
        return State("unknown", seconds, was, f"build {status}:")
    if build.transition == "start":
        return None
    ended = _ENDED.get(build.transition)
    return State(ended, seconds, was) if ended else State("unknown", seconds, was, f"{build.transition}:")


def _judge_report(
    report: AppStatus | None, began: datetime, *, now: datetime, quiet_after: float, has_task: bool
) -> State:
    """Return the state of an agent that is connected and has started."""
    if report is None:
        seconds = max(0.0, (now - began).total_seconds())
        return State("silent" if has_task and seconds > quiet_after else "ready", seconds)
    seconds = max(0.0, (now - report.created_at).total_seconds())
    if report.state not in _REPORTED:
        return State("unknown", seconds, about=f"reports {report.state}:")
    if report.state == "working" and seconds > quiet_after:
        return State("silent", seconds, was=report.state)
    return State(report.state, seconds)


def _since(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())

"""Judges whether Drone hands out work. Pure.

Drone has no route that says whether its queue is paused (harness/drone v2.25.0, handler/api/queue), so this goes by
what waits and what has started since, and by the audit log, if a pause was made through this toolkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from drone_mcp_admin.reading.views import QueueState
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.iso_time import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import IncompleteStage

# Seconds. A runner that is idle asks again after ten (runner-go v1.12.0, poller/poller.go), and a busy one later.
PATIENCE: Final = 120
SHOWN: Final = 5
PAUSE, RESUME = "pause_queue", "resume_queue"


def judge_queue(stages: Sequence[IncompleteStage], record: dict[str, Any] | None, now: float) -> QueueState:
    """Judge the queue.

    Args:
        stages: that wait or run, of all repositories that may be seen.
        record: the newest audit line of a pause or a resumption that was carried out, if there is one.
        now: the Unix time.
    """
    waiting = sorted((one for one in stages if one.stage_status == "pending"), key=lambda one: one.build_created)
    running = [one for one in stages if one.stage_status == "running"]
    last_start = max((one.stage_started for one in running), default=0)
    since = waiting[0].build_created if waiting else 0
    state, message, next_step = _judge(len(waiting), since, last_start, record, now)
    return QueueState(
        state=state,
        message=message,
        waiting=len(waiting),
        running=len(running),
        waits_since=format_time(since),
        last_start=format_time(last_start),
        oldest=tuple(
            f"{clean_name(one.repo_slug)}#{one.build_number} '{clean_name(one.stage_name)}'" for one in waiting[:SHOWN]
        ),
        on_record=_describe(record) if record else "",
        next_step=next_step,
    )


def _judge(
    waiting: int, since: int, last_start: int, record: dict[str, Any] | None, now: float
) -> tuple[str, str, str]:
    if record and record["operation"] == PAUSE:
        return (
            "paused",
            f"The queue was paused through this toolkit, and not resumed through it since; {waiting} stages wait",
            "Find out why it was paused, then resume it: drone_manage_queue with action resume",
        )
    if not waiting:
        return "idle", "No stage waits for a runner", ""
    # A stage that was taken after the oldest began to wait shows that work is handed out.
    if last_start >= since or now - since < PATIENCE:
        return "working", f"{waiting} stages wait, and stages have started meanwhile", ""
    minutes = int(now - since) // 60
    why = (
        f"{waiting} stages wait, the oldest for {minutes} minutes, and none has started since: the queue is paused, no "
        "runner is connected, or each is busy. Drone does not show which"
    )
    then = (
        "Resuming is harmless where nothing is paused: drone_manage_queue with action resume. If stages still wait a "
        "minute later, look at the runners"
    )
    return "stalled", why, then


def _describe(record: dict[str, Any]) -> str:
    agent = record.get("agent") or {}
    who = agent.get("caller") or agent.get("role") or "someone"
    word = "paused" if record["operation"] == PAUSE else "resumed"
    return f"{word} at {record.get('time')} by {clean_name(str(who))}"

"""Makes the answer about the queue. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count, format_duration
from drone_mcp_observe.queue.reasons import demand_of, explain_wait, find_stall, last_start
from drone_mcp_observe.views import QueuedStage, QueueView

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.models import Stage
    from drone_mcp_observe.queue.reading import QueueReading

_NOT_LISTED: Final = "Stages that wait for an approval or for another stage are not in Drone's queue"
_PARTIAL: Final = (
    "Drone shows its queue to system administrators only: these are the unfinished builds among the newest of the "
    "repositories that this token may read, so other repositories may be ahead of them"
)
_STALLED: Final = (
    "Have an administrator of Drone resume the queue, or check that the runners are up: Drone shows neither to anyone"
)


def present_queue(read: QueueReading, sees: Callable[[str], bool], limit: int) -> QueueView:
    """Present the queue: waiting stages first, the longest wait first; `sees` says which repositories may be named."""
    known = read.evidence
    # A role that is limited is not shown what may be of another repository, so an unknown place is asked for, too.
    visible = [stage for stage in known.open if sees(place.repo if (place := read.place_of(stage)) else "")]
    rows = sorted(visible, key=lambda stage: (stage.status != "pending", stage.created))
    pending = sum(stage.status == "pending" for stage in known.open)
    stalled_since = find_stall(known)
    return QueueView(
        pending=pending,
        running=len(known.open) - pending,
        summary=_summarize(read, pending, stalled_since),
        stages=tuple(_present_stage(stage, read) for stage in rows[:limit]),
        left_out=_describe_rest(len(rows) - limit, len(known.open) - len(visible), read.not_read),
        note=_NOT_LISTED if read.is_whole else _PARTIAL,
        next_step=_STALLED if stalled_since else "",
    )


def _summarize(read: QueueReading, pending: int, stalled_since: float | None) -> str:
    known = read.evidence
    if not known.open:
        return "Nothing waits and nothing runs"
    if not pending:
        return "Nothing waits for a runner"
    oldest = min(stage.created for stage in known.open if stage.status == "pending")
    first = f"The longest wait is {format_duration(known.now - oldest)}"
    if stalled_since is None:
        return first
    last = format_time(last_start(known))
    began = f"The last known start of a stage was at {last}" if last else "No start of a stage is known"
    return (
        f"{first}. No runner has taken a stage for {format_duration(known.now - stalled_since)} although nothing holds "
        f"it back: the queue is paused, or the runners are gone. {began}"
    )


def _present_stage(stage: Stage, read: QueueReading) -> QueuedStage:
    known, place = read.evidence, read.place_of(stage)
    is_pending = stage.status == "pending"
    finding = explain_wait(stage, known) if is_pending else None
    wanted = demand_of(stage)
    return QueuedStage(
        repo=clean_name(place.repo) if place else "",
        build=place.number if place and place.number else None,
        stage=clean_name(stage.name),
        status=stage.status,
        seconds=max(0, round(known.now - (stage.created if is_pending else stage.started))),
        reason=finding.reason if finding else "",
        why=finding.why if finding else "",
        runner="" if is_pending else clean_name(stage.machine),
        needs=clean_name(f"{wanted.type} {wanted.platform}"),
    )


def _describe_rest(more: int, hidden: int, not_read: int) -> str:
    parts = [f"{count(more, 'more stage')}: give a higher limit"] if more > 0 else []
    parts += [f"{count(hidden, 'stage')} of repositories outside this role"] if hidden else []
    parts += [f"{count(not_read, 'unfinished build')} not read"] if not_read else []
    return "; ".join(parts)

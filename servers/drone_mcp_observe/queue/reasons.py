"""Finds out why a stage waits. Pure.

Drone does not say it. The rules are those of its scheduler (harness/drone v2.25.0, scheduler/queue/queue.go: `signal`,
`withinLimits`, `shouldThrottle`, `matchResource`, `checkLabels`). No route shows the runners, nor whether the queue is
paused: stages that runners have taken stand in for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_client.models import Stage

Reason = Literal["limit", "throttle", "no_runner", "accepted", "busy", "stalled", "new"]

PICKUP_SECONDS: Final = 60  # a runner that is free takes a stage within seconds
_NAMED: Final = 3  # machines or labels in a sentence


class Demand(NamedTuple):
    """What a runner must match to take a stage. Empty kind and type mean the defaults (`matchResource`)."""

    kind: str
    type: str
    platform: str
    labels: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a stage waits: a word for programs, and a sentence."""

    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Stages that are known: all `open` ones of the queue, and `taken`, every stage that a runner has taken."""

    open: tuple[Stage, ...]
    taken: tuple[Stage, ...]
    now: float


def gather_evidence(open_stages: Iterable[Stage], ended: Iterable[Stage], now: float) -> Evidence:
    """Gather what is known of the queue and of its runners from open stages and from some that have ended."""
    queue = tuple(open_stages)
    return Evidence(queue, tuple(stage for stage in (*queue, *ended) if stage.machine), now)


def demand_of(stage: Stage) -> Demand:
    """Return what a runner must match to take a stage."""
    platform = "/".join(part for part in (stage.os, stage.arch, stage.variant, stage.kernel) if part)
    return Demand(stage.kind or "pipeline", stage.type or "docker", platform, frozenset(stage.labels.items()))


def explain_wait(stage: Stage, known: Evidence) -> Finding:
    """Return why a pending stage does not run; the first rule of Drone's scheduler that holds it back counts."""
    if stage.machine:
        why = f"runner {clean_name(stage.machine)} has taken it and has not started it; cancel the build if that lasts"
        return Finding("accepted", why)
    return _find_limit(stage, known) or _find_missing_runner(stage, known) or _explain_no_pickup(stage, known)


def find_stall(known: Evidence) -> float | None:
    """Return since when (Unix time) nothing starts although stages could; None where that is not so."""
    free = [one for one in known.open if one.status == "pending" and explain_wait(one, known).reason == "stalled"]
    return min((one.created for one in free), default=None)


def last_start(known: Evidence) -> int:
    """Return when a runner last started a stage that is known (Unix time); 0 if none is."""
    return max((stage.started for stage in known.taken), default=0)


def _find_limit(stage: Stage, known: Evidence) -> Finding | None:
    siblings = [other for other in known.open if other.repo_id == stage.repo_id and other.id != stage.id]
    # Every older stage of the name counts, also one that only waits, and of the younger ones those that run.
    ahead = [o for o in siblings if o.name == stage.name and (o.id < stage.id or o.status == "running")]
    if 0 < stage.limit <= len(ahead):
        why = f"concurrency limit {stage.limit} of pipeline '{clean_name(stage.name)}': {_count(ahead)} before it"
        return Finding("limit", why)
    older = [other for other in siblings if other.id < stage.id]
    if 0 < stage.throttle <= len(older):
        return Finding("throttle", f"throttle {stage.throttle} of the repository: {_count(older)} before it")
    return None


def _find_missing_runner(stage: Stage, known: Evidence) -> Finding | None:
    """Name the first demand of a stage that no known runner has met."""
    wanted = demand_of(stage)
    if wanted.kind != "pipeline":
        return Finding("no_runner", f"its kind is '{clean_name(wanted.kind)}'; runners take pipelines only")
    served = [demand_of(one) for one in known.taken]
    if not served or wanted in served:
        return None
    of_type = [one for one in served if one.type == wanted.type]
    if not of_type:
        return Finding("no_runner", f"no known runner takes type '{clean_name(wanted.type)}'{_seen(served)}")
    on_platform = [one for one in of_type if one.platform == wanted.platform]
    if not on_platform:
        return Finding("no_runner", f"no known runner takes platform '{clean_name(wanted.platform)}'{_seen(of_type)}")
    labels = ", ".join(sorted(f"{key}={value}" for key, value in wanted.labels)) or "no labels"
    return Finding("no_runner", f"no known runner takes labels {clean_name(labels)}{_seen(on_platform)}")


def _explain_no_pickup(stage: Stage, known: Evidence) -> Finding:
    wanted = demand_of(stage)
    alike = [one for one in known.taken if demand_of(one) == wanted]
    running = [one for one in alike if one.status == "running"]
    if running:
        machines = sorted({clean_name(one.machine) for one in running})
        more = f" and {len(machines) - _NAMED} more" if len(machines) > _NAMED else ""
        return Finding("busy", f"runners are busy: {len(running)} run on {', '.join(machines[:_NAMED])}{more}")
    waited = known.now - stage.created
    if waited < PICKUP_SECONDS:
        return Finding("new", f"it was created {format_duration(waited)} ago; a runner takes it soon")
    last = format_time(max((one.started for one in alike), default=0))
    since = f"such a runner last started a stage at {last}" if last else "no such runner is known"
    return Finding("stalled", f"nothing holds it back, and no runner takes it: {since}")


def _count(stages: Sequence[Stage]) -> str:
    running = sum(stage.status == "running" for stage in stages)
    parts = [f"{running} running"] if running else []
    parts += [f"{len(stages) - running} waiting"] if len(stages) > running else []
    return " and ".join(parts)


def _seen(served: Iterable[Demand]) -> str:
    names = sorted({f"{one.type} {one.platform}".strip() for one in served})
    return f" (seen: {clean_name(', '.join(names[:_NAMED]))})"

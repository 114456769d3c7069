"""Judges whether a build that has not ended will go on by itself, and why its stages wait. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage

PATIENCE_SECONDS: Final = 300  # after which a stage that waits for an unknown reason is not waited for any longer
_SETTLE_SECONDS: Final = 30  # after the end of a stage; Drone starts what follows, or ends the build, in less
POSSIBLE_REASONS: Final = "all such runners may be busy, none may exist, or the queue may be paused"


class Outlook(Enum):
    """The future of a build if nobody acts."""

    MOVES = "it goes on by itself"
    HELD = "nothing of it runs until someone approves a stage"
    STALLED = "a stage has waited for minutes, and Drone does not say why"
    STUCK = "what is left of it never starts"


def outlook_of(build: Build, now: int) -> Outlook:
    """Judge a build that has not ended, with its stages; `now` is the Unix time."""
    pending = [stage for stage in build.stages if stage.status == "pending"]
    if any(stage.status == "running" for stage in build.stages) or not build.stages:
        return Outlook.MOVES
    if pending:
        newest = max(max(stage.created, stage.updated) or build.created for stage in pending)
        stalled = now - newest >= PATIENCE_SECONDS and not any(map(waits_for_others, pending))
        return Outlook.STALLED if stalled else Outlook.MOVES
    if blocked_stages(build):
        return Outlook.HELD
    # Drone starts a stage that waits only when another one ends (harness/drone v2.25.0, operator/manager/teardown.go),
    # so one that was approved after the last had ended stays as it is.
    ended = max(stage.stopped for stage in build.stages)
    return Outlook.STUCK if now - ended >= _SETTLE_SECONDS else Outlook.MOVES


def waits_for_others(stage: Stage) -> bool:
    """Return whether Drone says that a pending stage waits for older ones."""
    return bool(stage.limit or stage.throttle)


def describe_pending(stage: Stage) -> str:
    """Describe why a pending stage waits, as far as Drone reports it.

    Drone counts every older stage that has not ended, also one that only waits (harness/drone v2.25.0,
    scheduler/queue/queue.go).
    """
    if stage.machine:
        return f"runner '{clean_name(stage.machine)}' has taken it and has not started it"
    limits = []
    if stage.limit:
        limits.append(f"older stages of its name in this repository to end (its concurrency limit is {stage.limit})")
    if stage.throttle:
        limits.append(f"older stages of this repository to end (the repository's throttle is {stage.throttle})")
    needs = describe_needs(stage)
    if limits:
        return f"waits for {' and '.join(limits)}, and then for a runner: it needs {needs}"
    return f"needs {needs}; Drone does not say why it waits"


def describe_needs(stage: Stage) -> str:
    """Say which runner a stage needs."""
    system = "/".join(part for part in (stage.os, stage.arch, stage.variant) if part) or "any system"
    # The server accepts a pipeline of an unknown kind, whose stage has no type, and which no runner ever takes.
    kind = f"{clean_name(stage.type)} runner" if stage.type else "a runner of an unknown type"
    labels = [clean_name(f"{key}={value}") for key, value in sorted(stage.labels.items())]
    text = f"{kind}, {clean_name(system)}"
    return f"{text}, labels {', '.join(labels[:5])}" if labels else text

"""Counts earlier attempts: the builds that a retry of this one would repeat. Pure.

A build repeats another where it descends from it by restarts (`parent`), or where both build the same commit of the
same ref for the same event and target. To exclude loops, a build is retried only if it is the newest of its kind, and
all builds since it and all its ancestors are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_mcp_logs.failure_signature import signature
from drone_mcp_build.failed_steps import failures_that_count
from drone_mcp_build.refs import branch_of
from drone_mcp_client.status import is_failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_client.models import Build

HOUR = 3600  # seconds


@dataclass(frozen=True, slots=True)
class History:
    """Other builds of the repository, in any order.

    Attributes:
        complete_from: all whose number is this or higher are among them.
        signatures: of the failures that a diagnosis has stored, by the numbers of their builds.
    """

    builds: tuple[Build, ...] = ()
    complete_from: int = 1
    signatures: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Earlier tries.

    Attributes:
        used: numbers of the builds that this one repeats.
        in_last_hour: how many restarts the branch had.
        doubt: why it must not be retried within the limits either; "" if its history is certain.
        same: why a further try would fail as the last one did; "" if the failures differ.
    """

    used: tuple[int, ...] = ()
    in_last_hour: int = 0
    doubt: str = ""
    same: str = ""


def count_attempts(build: Build, history: History, now: int) -> Attempts:
    """Count the attempts before `build`."""
    known = {other.number: other for other in history.builds} | {build.number: build}
    chain, doubt = _find_ancestors(build, known)
    alike = [other for other in known.values() if other.number != build.number and _repeats(other, build)]
    # Also those outside the chain of parents: the same build may have been restarted twice, and the same commit may
    # have been pushed again. A success that is no restart is another trigger of it, such as a cron job.
    tried = {other.number for other in alike if other.parent or is_failure(other.status)}
    used = sorted(tried.union(chain))
    before = [number for number in used if number < build.number]
    newer = max((other.number for other in alike if other.number > build.number), default=0)
    again = f"build {newer} is a newer try of the same commit" if newer else ""
    # The build itself is known, so those since it begin one number later.
    gap = "" if history.complete_from <= build.number + 1 else "not all builds since it are known"
    return Attempts(
        used=tuple(used),
        # All commits of the branch count together: a branch under repair gets new ones.
        in_last_hour=sum(
            bool(other.parent) and branch_of(other) == branch_of(build) and now - HOUR < other.created <= now
            for other in known.values()
        ),
        doubt=doubt or again or gap,
        same=_describe_same_failure(build, known[before[-1]], history.signatures) if before else "",
    )


def _describe_same_failure(build: Build, previous: Build, signatures: Mapping[int, str]) -> str:
    """Say that the build failed as its previous try; what happens twice in the same way is no accident."""
    if not is_failure(previous.status):
        return ""
    own, other = signatures.get(build.number), signatures.get(previous.number)
    if own and other:
        return f"it failed in the same way as build {previous.number} (signature {own})" if own == other else ""
    ours, theirs = _failure_by_drone(build), _failure_by_drone(previous)
    if theirs is None:
        return f"how build {previous.number} failed is not known"
    return f"it failed at the same place as build {previous.number}, as far as Drone says" if ours == theirs else ""


def _failure_by_drone(build: Build) -> tuple[str | int, ...] | None:
    """Return what Drone says of the first failure, without what differs from run to run; None if it has none."""
    first = next(iter(failures_that_count(build)), None)
    if first is None:
        return None
    return (first.stage.name, first.step.name if first.step else "", first.exit_code, signature([first.error]))


def _find_ancestors(build: Build, known: Mapping[int, Build]) -> tuple[list[int], str]:
    """Follow `parent` down to the build that is no restart; a promotion's parent is what it promotes, and ends it."""
    chain: list[int] = []
    while build.parent:
        # Drone numbers builds in the order of their creation. Without this check, a damaged chain would not end.
        if build.parent in chain or build.parent >= build.number:
            return chain, f"build {build.number} claims to restart build {build.parent}, which cannot be"
        parent = known.get(build.parent)
        if parent is None:
            return chain, f"build {build.parent}, which build {build.number} repeats, is not known"
        if not _repeats(parent, build):
            break
        chain.append(parent.number)
        build = parent
    return chain, ""


def _repeats(one: Build, other: Build) -> bool:
    """Return whether two builds are attempts at the same work: a restart copies all of these.

    Source: harness/drone v2.25.0, handler/api/repos/builds/retry.go.
    """
    return _identity(one) == _identity(other)


def _identity(build: Build) -> tuple[str, ...]:
    return (build.after, build.ref, build.event, build.deploy_to, build.cron)

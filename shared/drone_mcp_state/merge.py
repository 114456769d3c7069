"""Merges snapshots of a build.

Drone's deliveries are snapshots that may be lost, doubled and reordered. A build, each of its stages and each of its
steps is one row in Drone, and each row has a `version` that grows by one with every change (the optimistic lock of
drone/drone v2.25.0, store/build/build.go, store/stage/stage.go and store/step/step.go). So the newer of two rows is
known, whichever came first, and a build is merged row by row. The newer row is a maximum, the rows of a build are a
union: merging is idempotent, commutative, associative and monotonic, and property tests check that.

`updated` is no clock: Drone sets it when a build is created and started, not when it ends.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from drone_mcp_client.models import Build, Repo, Stage, Step
from drone_mcp_client.status import is_final

if TYPE_CHECKING:
    from collections.abc import Callable

Row = TypeVar("Row", Build, Stage, Step)
Child = TypeVar("Child", bound=Stage | Step)

# Orders rows of the same version. A status that is not listed stands between "pending" and "running".
_PROGRESS = {"blocked": 0, "waiting_on_dependencies": 1, "pending": 2, "running": 4}
_UNKNOWN_STATUS = 3
_CHILDREN = {"stages", "steps"}
# A row's own values, fetched at once: this runs for every row of every delivery.
_VALUES = {kind: itemgetter(*(kind.model_fields.keys() - _CHILDREN)) for kind in (Build, Stage, Step)}


class Transition(NamedTuple):
    """A change of a status: of the build (stage 0), a stage (step 0) or a step; `before` is "" for a new row."""

    stage: int
    step: int
    name: str
    before: str
    after: str


def merge(known: Build | None, seen: Build) -> Build:
    """Merge `seen`, a snapshot from any source and in any order, into the known state of a build.

    A snapshot without stages (lists and `build:created` have none) erases none. A final status stays. A build with the
    same number that was created later is another one, of a repository that was deleted and enabled again: it replaces
    the old build.

    The result is `known` itself if and only if `seen` changes nothing.
    """
    return advance(known, seen)[0]


def advance(known: Build | None, seen: Build) -> tuple[Build, tuple[Transition, ...] | None]:
    """Merge, and return the changed statuses: None if nothing has changed, () if only other values have."""
    if known is None or _incarnation(known) < _incarnation(seen):
        merged = _in_order(seen)
    elif _incarnation(known) > _incarnation(seen):
        merged = known
    else:
        if _numbers(known.stages) != _numbers(seen.stages):
            seen = _in_order(seen)
        merged = _with_stages(_newer(known, seen), _union(known.stages, seen.stages, _merge_stages))
    changed = transitions(known, merged)
    # In this order, since comparing builds that differ costs more than all the rest of merging them.
    if known is not None and not changed and merged == known:
        return known, None
    return merged, changed


def newer_repo(known: Repo | None, seen: Repo) -> Repo:
    """Return the later state of a repository; one that was deleted and enabled again has a higher id."""
    if known is None or (known.id, known.version) < (seen.id, seen.version):
        return seen
    return known


def transitions(before: Build | None, after: Build) -> tuple[Transition, ...]:
    """Return the statuses that differ between two states of a build, that of the build first."""
    if before is not None and _incarnation(before) != _incarnation(after):
        before = None
    old = {} if before is None else {(stage, step): status for stage, step, _, status in _statuses(before)}
    found = ((*row, old.get(row[:2], "")) for row in _statuses(after))
    return tuple(Transition(stage, step, name, was, now) for stage, step, name, now, was in found if was != now)


def is_settled(build: Build) -> bool:
    """Return whether a build has ended with all its stages and steps, so that it changes no more.

    A declined build keeps blocked stages forever (drone/drone v2.25.0, handler/api/repos/builds/stages/decline.go), so
    they count as ended.
    A build known only from a list can be final without stages: see `lacks_details`.
    """
    ended = is_final(build.status)
    blocked_for_good = build.status == "declined"
    return ended and all(
        (is_final(stage.status) or (blocked_for_good and stage.status == "blocked"))
        and all(is_final(step.status) for step in stage.steps)
        for stage in build.stages
    )


def lacks_details(build: Build) -> bool:
    """Return whether a build has stages that no snapshot had: only one that failed at its trigger has none."""
    return not build.stages and not (build.status == "error" and build.error)


def _incarnation(build: Build) -> tuple[int, int]:
    return (build.created, build.id)


def _merge_stages(first: Stage, second: Stage) -> Stage:
    newer = _newer(first, second)
    steps = _union(first.steps, second.steps, _newer)
    return newer if newer.steps == steps else newer.model_copy(update={"steps": steps})


def _union(
    first: tuple[Child, ...], second: tuple[Child, ...], both: Callable[[Child, Child], Child]
) -> tuple[Child, ...]:
    if _numbers(first) == _numbers(second):  # the usual case
        return tuple(map(both, first, second))
    rows = {row.number: row for row in first}
    for row in second:
        known = rows.get(row.number)
        rows[row.number] = row if known is None else both(known, row)
    return tuple(rows[number] for number in sorted(rows))


def _in_order(build: Build) -> Build:
    """Sort stages and steps by number, as Drone usually does, so that equal builds compare equal."""
    stages = tuple(
        stage
        if _is_sorted(stage.steps)
        else stage.model_copy(update={"steps": tuple(sorted(stage.steps, key=lambda row: row.number))})
        for stage in build.stages
    )
    return _with_stages(build, stages if _is_sorted(stages) else tuple(sorted(stages, key=lambda row: row.number)))


def _is_sorted(rows: tuple[Stage | Step, ...]) -> bool:
    numbers = _numbers(rows)
    return numbers == sorted(numbers)


def _numbers(rows: tuple[Stage | Step, ...]) -> list[int]:
    return [row.number for row in rows]


def _with_stages(build: Build, stages: tuple[Stage, ...]) -> Build:
    return build if build.stages == stages else build.model_copy(update={"stages": stages})


def _newer(first: Row, second: Row) -> Row:
    """Return the newer row; of two equal ones the second, so that a snapshot that only adds is taken as it is."""
    of_row = _VALUES[type(first)]
    if of_row(first.__dict__) == of_row(second.__dict__):
        return second
    one, other = _order(first), _order(second)
    if one == other:
        # Drone never makes two such rows that differ. A total order keeps the rule a maximum if it ever does.
        one_text, other_text = (row.model_dump_json(exclude=_CHILDREN) for row in (first, second))
        return second if other_text > one_text else first
    return second if other > one else first


def _order(row: Row) -> tuple[bool, int, int]:
    return (is_final(row.status), row.version, _PROGRESS.get(row.status, _UNKNOWN_STATUS))


def _statuses(build: Build) -> list[tuple[int, int, str, str]]:
    """Return stage, step, name and status of every row."""
    found = [(0, 0, "", build.status)]
    for stage in build.stages:
        found.append((stage.number, 0, stage.name, stage.status))
        found += [(stage.number, step.number, step.name, step.status) for step in stage.steps]
    return found

"""The stages and steps of a build as a small tree. Pure.

A tree that is too large for an answer is drawn with less and less detail until it fits. Omitted stages and steps are
counted by status; failures are omitted last.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.stall_detection import describe_pending
from drone_mcp_builds import failure_description
from drone_mcp_builds.formatting import ERROR_WIDTH, count_seconds, format_count, join_names, name_stage
from drone_mcp_builds.views import StageView, StepView
from drone_mcp_client import status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build, Stage, Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much to draw: `quiet` steps (passed, skipped, pending) or only the others, at most so many of each.

    `known_error` is in the answer already, and not repeated.
    """

    quiet: bool
    steps: int
    stages: int
    error_width: int = ERROR_WIDTH
    known_error: str = ""


LEVELS: Final = (
    Detail(quiet=True, steps=200, stages=50),
    Detail(quiet=False, steps=60, stages=50),
    Detail(quiet=False, steps=10, stages=25, error_width=100),
    Detail(quiet=False, steps=2, stages=12, error_width=80),
    Detail(quiet=False, steps=1, stages=4, error_width=40),
)
QUIET: Final = frozenset({"success", "skipped", "pending"})
MOST_SKIPPED: Final = 10  # steps of a stage that are listed one by one


def draw_stages(build: Build, now: int, detail: Detail) -> tuple[tuple[StageView, ...], str]:
    """Return the stages, and a sentence about the omitted ones."""
    notable = failure_description.find_notable_failures(build)
    failed = [failure.stage.number for failure in notable]
    detail = replace(detail, known_error=notable[0].error if notable else "")

    def rank(stage: Stage) -> tuple[int, int]:
        """Order stages: the failed ones in causal order, then those under way, then the quiet ones."""
        place = failed.index(stage.number) if stage.number in failed else len(failed) + (stage.status in QUIET)
        return place, stage.number

    kept = sorted(build.stages, key=rank)[: detail.stages]
    shown = sorted(kept, key=lambda stage: stage.number)
    hidden = _find_others(build.stages, shown)
    left_out = f"{format_count(len(hidden), 'stage')} not listed: {_count_by_status(hidden)}" if hidden else ""
    return tuple(_view_stage(stage, build, now, detail) for stage in shown), left_out


def _find_others(things: Sequence[T], shown: Sequence[T]) -> list[T]:
    # By identity: two steps may have equal fields.
    listed = {id(thing) for thing in shown}
    return [thing for thing in things if id(thing) not in listed]


def _count_by_status(things: Sequence[Stage | Step]) -> str:
    counts = Counter(clean_name(thing.status) for thing in things)
    return join_names(f"{count} {word}" for word, count in sorted(counts.items()))


def _view_stage(stage: Stage, build: Build, now: int, detail: Detail) -> StageView:
    loud = [step for step in stage.steps if detail.quiet or step.status not in QUIET]
    if sum(step.status == "skipped" for step in loud) > MOST_SKIPPED:
        loud = [step for step in loud if step.status != "skipped"]
    shown = loud[: detail.steps]
    hidden = _find_others(stage.steps, shown)
    return StageView(
        stage=stage.number,
        name=clean_name(stage.name),
        status=clean_name(stage.status),
        seconds=_count_run_seconds(stage, now),
        error=_say_once(stage.error, detail),
        waits_for=_find_awaited(stage, build),
        note=_explain_stage(stage, build),
        steps=tuple(_view_step(step, stage, now, detail) for step in shown),
        folded=_count_by_status(hidden),
    )


def _count_run_seconds(thing: Stage | Step, now: int) -> int | None:
    """Return the duration; None for skipped and declined ones, although Drone may give them times."""
    if thing.status in {"skipped", "declined"} or (not thing.stopped and status.is_final(thing.status)):
        return None
    return count_seconds(thing.started, thing.stopped, now)


def _say_once(error: str, detail: Detail) -> str:
    return "" if error == detail.known_error else one_line(error, detail.error_width)


def _view_step(step: Step, stage: Stage, now: int, detail: Detail) -> StepView:
    return StepView(
        step=step.number,
        name=clean_name(step.name),
        status=clean_name(step.status),
        exit_code=failure_description.informative_exit_code(step),
        seconds=_count_run_seconds(step, now),
        error=_say_once(step.error, detail),
        note=_explain_step(step, stage),
    )


def _find_awaited(stage: Stage, build: Build) -> tuple[str, ...]:
    if stage.status != "waiting_on_dependencies":
        return ()
    done = {other.name for other in build.stages if status.is_final(other.status)}
    return tuple(clean_name(needed) for needed in stage.depends_on[:5] if needed not in done)


def _explain_stage(stage: Stage, build: Build) -> str:
    """Explain why a stage does not run, where that is certain."""
    if stage.status == "blocked":
        return "held for approval"
    if stage.status == "pending":
        return describe_pending(stage)
    if stage.status == "waiting_on_dependencies" and not _find_awaited(stage, build):
        # Drone starts waiting stages only when another stage ends, so one approved later stays as it is
        # (harness/drone v2.25.0, operator/manager/teardown.go).
        return "all it depends on has ended; if nothing else of the build runs, it never starts"
    if stage.status == "skipped":
        return _explain_skipped_stage(stage, build)
    return "its failure is ignored" if stage.errignore and status.is_failure(stage.status) else ""


def _explain_skipped_stage(stage: Stage, build: Build) -> str:
    if build.status in {"killed", "skipped", "declined"}:
        return f"the build was {build.status} before it started"
    if stage.on_failure and not stage.on_success:
        return "runs only after a failure, and nothing before it failed"
    before = [other for other in build.stages if other.name in stage.depends_on] or build.stages
    failed = [name_stage(other) for other in before if status.is_failure(other.status)]
    return f"not run because of {join_names(failed, 2)}" if failed else ""


def _explain_step(step: Step, stage: Stage) -> str:
    """Explain a status: an ignored failure, an early end, the reason for skipping a step."""
    if step.errignore and status.is_failure(step.status):
        return "its failure is ignored"
    if step.status == "success" and step.exit_code == _ENDS_STAGE:
        return "ended the stage early on purpose (exit code 78)"
    if step.status == "skipped":
        return _explain_skipped_step(step, stage)
    return "runs in the background" if step.detached and step.status == "running" else ""


_ENDS_STAGE = 78  # runners skip the later steps, and the stage succeeds (drone/runner-go, pipeline/state.go)


def _explain_skipped_step(step: Step, stage: Stage) -> str:
    if stage.status == "killed":
        return "not started when the stage was stopped"
    earlier = [other for other in stage.steps if other.number < step.number]
    if any(other.exit_code == _ENDS_STAGE and other.status == "success" for other in earlier):
        return "an earlier step ended the stage"
    failed = [other for other in earlier if status.is_failure(other.status) and not other.errignore]
    if failed:
        return f"step {failed[0].number} failed"
    if all(other.status == "skipped" for other in stage.steps):
        # The server accepts steps that wait for each other, and the runner skips them.
        return "its condition was not met, or it waits for a step that waits for it"
    return "its condition was not met"

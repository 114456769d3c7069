"""Describes a build. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.builds.views import BuildView, ChangeLine, StageLine, TestCounts
from jenkins_mcp.formatting import format_time, show_parameter, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.client.server_time import Dated

MOST_CHANGES: Final = 10
MOST_STAGES: Final = 40
MOST_PARAMETERS: Final = 50
WIDTH: Final = 200  # characters of a text that somebody wrote
COMMIT: Final = 12  # characters


def describe_build(job: JobName, read: Dated[Build], stages: Sequence[Stage], *, page: str, now: int) -> BuildView:
    """Return the view of a build.

    Args:
        job: whose build it is.
        read: the build as Jenkins answered.
        stages: of its pipeline, if it has any.
        page: the address of its page.
        now: our time in milliseconds, where Jenkins did not say its own.
    """
    build = read.value
    changes, hidden = list(build.changes()), []
    parameters: dict[str, str] = {}
    for name, value in list(build.parameters().items())[:MOST_PARAMETERS]:
        if value.value is None:
            hidden.append(name)
        else:
            parameters[name] = show_parameter(name, value.value)
    times = _times(build, now if read.now is None else read.now)
    left_out = {
        "changes": len(changes) - MOST_CHANGES,
        "stages": len(stages) - MOST_STAGES,
        "parameters": len(build.parameters()) - MOST_PARAMETERS,
    }
    return BuildView(
        job=str(job),
        number=build.number,
        result=build.result,
        running=not build.is_over,
        name=one_line(build.display_name, WIDTH) if build.display_name != f"#{build.number}" else "",
        started=format_time(build.timestamp),
        **times,
        node=build.built_on,
        causes=tuple(one_line(cause.short_description, WIDTH) for cause in build.causes()),
        stopped=tuple(one_line(cause.short_description, WIDTH) for cause in build.interruptions()),
        parameters=parameters,
        hidden_parameters=tuple(hidden),
        changes=tuple(
            ChangeLine(
                commit=change.commit_id[:COMMIT],
                title=one_line(change.msg, WIDTH),
                author=one_line(change.author.full_name, WIDTH) if change.author else "",
            )
            for change in changes[:MOST_CHANGES]
        ),
        stages=tuple(map(_stage, stages[:MOST_STAGES])),
        tests=_tests(build),
        description=one_line(build.description, WIDTH),
        page=page,
        left_out=", ".join(f"{count} {what}" for what, count in left_out.items() if count > 0),
        next_step=next_step(build),
    )


def _times(build: Build, now: int) -> dict[str, Any]:
    """Return how long it took, or takes by Jenkins' own estimate."""
    if build.is_over:
        return {"seconds": whole_seconds(build.duration)}
    elapsed = max(0, now - build.timestamp)
    found: dict[str, Any] = {"seconds": whole_seconds(elapsed)}
    if build.estimated_duration > 0:
        left = build.estimated_duration - elapsed
        found["remaining_seconds" if left >= 0 else "overdue_seconds"] = whole_seconds(abs(left))
    if build.executor and build.executor.progress >= 0:
        found["progress_percent"] = build.executor.progress
    return found


def next_step(build: Build) -> str:
    """Propose what to do about a build; "" if it is good or was stopped."""
    if not build.is_over:
        return "jenkins_wait_for_build waits for its end"
    if build.result in {"FAILURE", "UNSTABLE"}:
        return f"jenkins_diagnose_build with build {build.number} says why"
    return ""


def _stage(stage: Stage) -> StageLine:
    return StageLine(
        name=one_line(stage.name, WIDTH),
        status=stage.status,
        seconds=whole_seconds(stage.duration_millis),
        error=one_line(stage.error.message, WIDTH) if stage.error else "",
    )


def _tests(build: Build) -> TestCounts | None:
    """Return the numbers of the test report; among the actions, it is the one that counts a total."""
    action = next((action for action in build.actions if action.total_count is not None), None)
    if action is None:
        return None
    return TestCounts(failed=action.fail_count or 0, skipped=action.skip_count or 0, total=action.total_count or 0)

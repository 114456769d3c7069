"""The class of a failure by Drone's data: status, time, error and exit code. Pure.

All servers share this, so that a policy retries the failures that a diagnosis calls infrastructure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_logs.diagnosis.verdicts import Judgement, first_match, judge_exit_code
from drone_mcp_build.failed_steps import failed_steps

if TYPE_CHECKING:
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build

CANCELLED: Final = 130
"""The exit code of a step that ran when its build was cancelled (harness/drone v2.25.0, service/canceler)."""

_BY_DRONE: Final = Judgement("cancelled", "high", "Drone cancelled it: a person did, or a newer build replaced it")
_FROM_OUTSIDE: Final = Judgement("cancelled", "medium", "it was killed from outside; Drone does not say by whom")

# Errors of runners and of Drone for a stage or step that they could not run; the first match counts. A mistake in the
# pipeline precedes the infrastructure, as Docker reports both alike: "Error response from daemon: pull access denied".
_ERRORS: Final = (
    (
        r"yaml|linter|untrusted|unmarshal|unknown (?:field|kind)|duplicate|cyclic|secret|convert",
        Judgement("configuration", "high"),
    ),
    (r"invalid (?:pipeline|config|volume)|no matching platform", Judgement("configuration", "high")),
    (
        r"manifest|pull access|repository does not exist|invalid reference|no such image|unauthorized|denied|forbidden",
        Judgement("configuration", "medium"),
    ),
    (r"ImagePull|ErrImage|executable file|no such file or directory", Judgement("configuration", "medium")),
    (r"OOM|out of memory", Judgement("out_of_memory", "high")),
    (r"deadline|timed? ?out|timeout", Judgement("timeout", "medium")),
    (
        r"no space|toomany|rate limit|dial tcp|connection|no such host|\bEOF\b|\bTLS\b|certificate|network|evicted",
        Judgement("infrastructure", "high"),
    ),
    (r"\bnode\b|daemon", Judgement("infrastructure", "medium")),
)


def judge(failed: FailedStep, limit: int = 0) -> Judgement | None:
    """Judge a failure by Drone's data; None if only its log or name can show the class.

    Args:
        failed: a step or stage.
        limit: the repository's time limit in seconds; 0 where it is not known.
    """
    if failed.status == "killed":
        return judge_stop(failed, limit)
    if failed.error or failed.status == "error":
        return judge_error(failed.error)
    return judge_exit_code(failed.exit_code)


def judge_stop(failed: FailedStep, limit: int) -> Judgement:
    """Judge a killed step or stage: by the time limit, by a cancel, or by someone else.

    The runner limits the time of a whole stage and kills the step that runs then (drone/runner-go,
    pipeline/runtime/runner.go).
    """
    stage = failed.stage
    stage_seconds = stage.stopped - stage.started if stage.started and stage.stopped else 0
    for what, seconds in (("it", failed.seconds), ("its stage", stage_seconds)):
        if limit and seconds >= limit:
            why = f"{what} ran {seconds} s, and the repository's limit is {limit} s"
            return Judgement("timeout", "high", why)
    return _BY_DRONE if failed.exit_code == CANCELLED else _FROM_OUTSIDE


def needs_time_limit(build: Build) -> bool:
    """Return whether the repository's time limit may be why the build was stopped."""
    # A cancel leaves its exit code and needs no limit, which would cost a request for the repository.
    killed = (failed for failed in failed_steps(build) if failed.status == "killed")
    return any(failed.exit_code != CANCELLED and (failed.seconds or failed.stage.started) for failed in killed)


def judge_error(error: str) -> Judgement:
    """Judge by the runner's error; an unknown one is taken for a problem of the runner."""
    return first_match(_ERRORS, error) or Judgement("infrastructure", "medium")

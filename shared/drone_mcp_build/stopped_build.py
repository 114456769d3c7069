"""Judges what stopped a build, for every server alike. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_logs.diagnosis.verdicts import Judgement, Part
from drone_mcp_build.failed_steps import failed_steps
from drone_mcp_build.failure_class import CANCELLED, judge_stop

if TYPE_CHECKING:
    from drone_mcp_client.models import Build


def judge_stopped_build(build: Build, limit: int) -> Judgement:
    """Judge a build that was killed; `limit` is the repository's time limit in seconds, 0 where it is not known."""
    judged = [judge_stop(failed, limit) for failed in failed_steps(build) if failed.part is Part.STOPPED]
    sure = next((one for one in judged if one.confidence == "high"), None)
    if sure:
        return sure
    # A cancel marks also what had not started.
    if any(stage.exit_code == CANCELLED for stage in build.stages):
        return Judgement("cancelled", "high", "Drone cancelled it: a person did, or a newer build replaced it")
    why = "Drone does not say who or what stopped it (a person, automatic cancel or a time limit)"
    return Judgement("cancelled", "medium", why)

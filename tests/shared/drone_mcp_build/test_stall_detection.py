"""Whether a build that has not ended goes on by itself, and why its stages wait."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_build.stall_detection import PATIENCE_SECONDS, Outlook, describe_pending, outlook_of
from drone_mcp_client.models import Build, Stage
from support.made_builds import T0, made_build, made_stage

ENDED = made_stage(1, "build")  # ended at T0 + 60


@pytest.mark.parametrize(
    ("stages", "after", "outlook"),
    [
        ([], 0, Outlook.MOVES),
        ([made_stage(1, "build", "running")], 10_000, Outlook.MOVES),
        ([made_stage(1, "build", "pending", created=T0)], PATIENCE_SECONDS - 1, Outlook.MOVES),
        ([made_stage(1, "build", "pending", created=T0)], PATIENCE_SECONDS, Outlook.STALLED),
        ([made_stage(1, "build", "pending", created=T0, updated=T0 + 60)], PATIENCE_SECONDS, Outlook.MOVES),
        ([made_stage(1, "build", "pending", created=T0, limit=1)], 10_000, Outlook.MOVES),
        ([made_stage(1, "build", "pending", created=T0, throttle=2)], 10_000, Outlook.MOVES),
        ([made_stage(1, "build", "blocked")], 10_000, Outlook.HELD),
        ([ENDED, made_stage(2, "deploy", "waiting_on_dependencies")], 60 + 29, Outlook.MOVES),
        ([ENDED, made_stage(2, "deploy", "waiting_on_dependencies")], 60 + 30, Outlook.STUCK),
    ],
)
def test_the_outlook_is_that_of_the_stages(stages: list[dict[str, Any]], after: int, outlook: Outlook) -> None:
    build = Build.model_validate(made_build(1, "running", *stages))
    assert outlook_of(build, T0 + after) is outlook


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"machine": "runner-1"}, "runner 'runner-1' has taken it and has not started it"),
        ({}, "needs docker runner, linux/amd64; Drone does not say why it waits"),
        ({"type": "", "os": "", "arch": ""}, "needs a runner of an unknown type, any system; "),
        ({"labels": {"gpu": "yes"}}, "needs docker runner, linux/amd64, labels gpu=yes; "),
        (
            {"limit": 1},
            "older stages of its name in this repository to end (its concurrency limit is 1), and then for a",
        ),
        ({"limit": 1, "throttle": 3}, " and older stages of this repository to end (the repository's throttle is 3)"),
    ],
)
def test_the_reason_for_waiting_is_the_one_that_drone_reports(facts: dict[str, Any], words: str) -> None:
    assert words in describe_pending(Stage.model_validate(made_stage(1, "build", "pending") | facts))

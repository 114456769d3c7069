"""What stopped a build that was killed."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_build.stopped_build import judge_stopped_build
from drone_mcp_client.models import Build
from support.made_builds import T0, made_build, made_stage, made_step

HOUR = 3600


@pytest.mark.parametrize(
    ("stage", "judged"),
    [
        # A step that ran for as long as the repository allows.
        ({"steps": [made_step(1, "test", "killed", exit_code=137, stopped=T0 + HOUR)]}, ("timeout", "high")),
        # The limit is that of the whole stage, however short its last step was.
        (
            {"steps": [made_step(1, "test", "killed", exit_code=137)], "stopped": T0 + HOUR},
            ("timeout", "high"),
        ),
        ({"steps": [made_step(1, "test", "killed", exit_code=130)]}, ("cancelled", "high")),
        ({"exit_code": 130, "started": 0, "stopped": 0}, ("cancelled", "high")),
        ({"started": 0, "stopped": 0}, ("cancelled", "medium")),
    ],
)
def test_the_time_limit_is_told_from_a_cancel(stage: dict[str, Any], judged: tuple[str, str]) -> None:
    build = Build.model_validate(made_build(1, "killed", made_stage(1, "build", "killed") | stage))
    judgement = judge_stopped_build(build, HOUR)
    assert (judgement.kind, judgement.confidence) == judged


def test_no_time_limit_is_blamed_where_none_is_known() -> None:
    steps = (made_step(1, "test", "killed", exit_code=137, stopped=T0 + HOUR),)
    build = Build.model_validate(made_build(1, "killed", made_stage(1, "build", "killed", *steps)))
    assert judge_stopped_build(build, 0).kind == "cancelled"

"""Whether a build shows that a person has approved it."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_build.past_approval import was_approved
from drone_mcp_client.models import Build
from support.made_builds import made_build, made_stage

RUN, PENDING = made_stage(1, "build"), made_stage(2, "deploy", "pending")


@pytest.mark.parametrize(
    ("status", "stages", "approved"),
    [
        ("success", [RUN], True),
        ("failure", [RUN], True),
        ("success", [], False),
        ("blocked", [made_stage(1, "build", "blocked")], False),
        ("running", [RUN, made_stage(2, "deploy", "blocked")], False),
        ("running", [RUN, PENDING], True),
        ("running", [RUN, made_stage(2, "deploy", "declined")], False),
        ("killed", [RUN], True),
        ("killed", [RUN, PENDING], False),  # it may have been stopped while it waited
        ("pending", [PENDING], False),
        ("declined", [made_stage(1, "build", "declined")], False),
    ],
)
def test_only_a_build_that_shows_it_was_approved(status: str, stages: list[dict[str, Any]], approved: bool) -> None:
    assert was_approved(Build.model_validate(made_build(1, status, *stages))) is approved

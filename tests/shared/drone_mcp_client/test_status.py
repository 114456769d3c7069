from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_client import status
from drone_mcp_client.models import Build
from support.captures import capture


def build(**fields: Any) -> Build:
    return Build.model_validate({"number": 1, "status": "failure", **fields})


def captured(number: int) -> Build:
    return Build.model_validate_json(capture(number).body)


def stage(number: int, word: str, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"number": number, "name": f"stage{number}", "status": word, "steps": list(steps), **fields}


def step(number: int, word: str, stopped: int = 0, **fields: Any) -> dict[str, Any]:
    return {"number": number, "name": f"step{number}", "status": word, "stopped": stopped, **fields}


@pytest.mark.parametrize("word", ["success", "failure", "error", "killed", "skipped", "declined"])
def test_a_final_status_is_final(word: str) -> None:
    assert status.is_final(word)


@pytest.mark.parametrize("word", ["pending", "running", "blocked", "waiting_on_dependencies", "", "pondering"])
def test_any_other_status_is_not(word: str) -> None:
    assert not status.is_final(word)
    assert not status.is_failure(word)


def test_failures_are_final_and_skipped_and_declined_are_none() -> None:
    assert status.FAILED < status.FINAL
    assert not status.is_failure("skipped")
    assert not status.is_failure("declined")


def test_a_captured_build_that_waits_for_approval_is_held() -> None:
    held = captured(81)
    assert status.is_held(held)
    assert [blocked.number for blocked in status.blocked_stages(held)] == [1]


def test_a_captured_build_that_was_declined_is_not_held_though_a_stage_still_blocks() -> None:
    declined = captured(85)
    assert status.blocked_stages(declined)
    assert not status.is_held(declined)


def test_a_captured_build_with_a_broken_pipeline_failed_at_its_trigger() -> None:
    assert status.failed_at_trigger(captured(35))
    assert not status.failed_at_trigger(captured(47))

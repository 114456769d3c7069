"""docs/examples/jenkins.md has an answer of each tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import jenkins_mcp_simulator
from support.actions_desk import Person
from support.examples import hold_examples
from support.jenkins_desk import desk

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

DEMO = Path(jenkins_mcp_simulator.__file__).parent / "scenarios" / "demo.yaml"
BOARD = {"label": "arm64"}  # a job that waits for a machine
RED, RELEASE = {"job": "team/app/feature%2Fnew price"}, {"job": "team/release"}
CALLS: dict[str, dict[str, Any]] = {
    "jenkins_list_jobs": {"folder": "team"},
    "jenkins_get_job": RELEASE,
    "jenkins_get_build": RED,
    "jenkins_find_builds": {"job": "library", "limit": 2},
    "jenkins_diagnose_build": RED,
    "jenkins_get_test_results": RED,
    "jenkins_get_build_log": {**RED, "tail": 4},
    "jenkins_search_build_log": {**RED, "pattern": "expected .* to be", "context": 0},
    "jenkins_list_nodes": {},
    "jenkins_trigger_build": {**RELEASE, "parameters": {"VERSION": "1.4.0", "ENVIRONMENT": "staging"}},
    "jenkins_wait_for_build": RELEASE,
    "jenkins_list_artifacts": RELEASE,
    "jenkins_get_artifact": {**RELEASE, "path": "dist/release.txt"},
    "jenkins_rebuild": {**RELEASE, "build": 1},
    "jenkins_stop_build": {**RELEASE, "build": 2},
    "jenkins_get_queue": {},
    "jenkins_cancel_queue_item": {"item": 1, "dry_run": True},
}


async def test_the_examples_are_what_the_tools_answer(tmp_path: Path) -> None:
    demo = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    scenario = {"nodes": demo["nodes"], "jobs": {**demo["jobs"], "board": BOARD}}
    async with desk(tmp_path, scenario, Person()) as opened:
        opened.jenkins.world.trigger(opened.jenkins.job("board"), [], {}, None)
        await opened.jenkins.advance(20)
        await hold_examples("jenkins", opened.client, CALLS)

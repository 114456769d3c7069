"""Builds and rules for tests of decisions: what a test does not say is ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_client.models import Build
from drone_mcp_policy.earlier_tries import History
from drone_mcp_policy.facts import collect_facts
from drone_mcp_policy.next_step import Decision, Evaluation, decide, evaluate
from drone_mcp_policy.rules_file import read_rules
from support.made_builds import T0, made_build, made_stage, made_step

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_policy.rules import Rules

REPO = "octo/hello"
DEFAULT = read_rules()
LATER = T0 + 3600 * 5  # after every back-off

CLONE_FAILED = made_stage(1, "ci", "failure", made_step(1, "clone", "failure", exit_code=128))
TEST_FAILED = made_stage(1, "ci", "failure", made_step(1, "clone"), made_step(2, "test", "failure", exit_code=1))
HELD = made_stage(1, "ci", "blocked")


def a_build(number: int = 7, status: str = "success", *stages: dict[str, Any], **more: Any) -> Build:
    return Build.model_validate(made_build(number, status, *stages, **more))


def flaky(number: int = 7, **more: Any) -> Build:
    """Make a build that failed for a reason that may pass."""
    return a_build(number, "failure", CLONE_FAILED, **more)


def decided(
    build: Build | None, *others: Build, rules: Rules = DEFAULT, now: int = LATER, said: str = "", **more: Any
) -> Decision:
    return decide(collect_facts(build, repo=REPO, now=now, failure_class=said), History(others, **more), rules)


def evaluation(build: Build | None, *others: Build, rules: Rules = DEFAULT, now: int = LATER) -> Evaluation:
    return evaluate(collect_facts(build, repo=REPO, now=now), History(others), rules)


def rules_of(directory: Path, text: str) -> Rules:
    """Read rules from text."""
    file = directory / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return read_rules(file)

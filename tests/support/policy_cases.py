"""Builds and rules for tests of decisions: what a test does not say is ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ci_mcp_logs.diagnosis.verdicts import CLASSES, Judgement
from drone_mcp_client.models import Build
from drone_mcp_policy.earlier_attempts import History
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


def lost(host: str = "git") -> dict[str, Any]:
    """Make a stage that ended with the network; of another host it is another failure."""
    error = f"dial tcp: lookup {host}.example.com: connection refused"
    return made_stage(1, "ci", "error", made_step(1, "clone", "error", exit_code=255, error=error))


CLONE_FAILED = lost()
TEST_FAILED = made_stage(1, "ci", "failure", made_step(1, "clone"), made_step(2, "test", "failure", exit_code=1))
HELD = made_stage(1, "ci", "blocked")


diagnoses = st.none() | st.builds(Judgement, st.sampled_from(CLASSES), st.sampled_from(("low", "medium", "high")))


def a_build(number: int = 7, status: str = "success", *stages: dict[str, Any], **more: Any) -> Build:
    return Build.model_validate(made_build(number, status, *stages, **more))


def flaky(number: int = 7, **more: Any) -> Build:
    """Make a build that failed for a reason that may pass, and that is another one in each build."""
    return a_build(number, "failure", lost(chr(ord("a") + number)), **more)


def decided(build: Build | None, *others: Build, rules: Rules = DEFAULT, now: int = LATER, **more: Any) -> Decision:
    return decide(collect_facts(build, repo=REPO, now=now), History(others, **more), rules)


def evaluation(build: Build | None, *others: Build, rules: Rules = DEFAULT, now: int = LATER) -> Evaluation:
    return evaluate(collect_facts(build, repo=REPO, now=now), History(others), rules)


def rules_of(directory: Path, text: str) -> Rules:
    """Read rules from text."""
    file = directory / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return read_rules(file)

"""The answers of this server's tools. Empty fields are left out."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ci_mcp_kit.answer import View


class NextCall(View):
    """A tool call that takes the next step."""

    tool: str
    arguments: dict[str, str | int]


class DecisionView(View):
    """The next action for a build; `source` is where the build was read, `as_of` when it was in this state."""

    repo: str
    number: int | None = None
    status: str
    action: str = Field(description="wait, continue, collect_logs_and_stop, retry, ask_for_approval or stop")
    reason: str
    rule: str = Field(description="the rule that decided")
    next_call: NextCall | None = Field(default=None, description="a tool that you have")
    next_step: str
    failure_class: str = ""
    confidence: str = ""
    retries: str = ""
    wait_seconds: int | None = None
    note: str = ""
    source: str = ""
    as_of: str | None = None


class RuleLook(View):
    """The result of one rule in a decision."""

    rule: str
    then: str
    outcome: str
    why: str = ""
    line: int


class ExplanationView(View):
    """A decision, and the result of every rule in their order."""

    decision: DecisionView = Field(description="as drone_evaluate_build gives it")
    rules: tuple[RuleLook, ...]
    left_out: str = ""
    source: str = Field(description="the rule file")


class RuleView(View):
    """A rule in force."""

    rule: str
    when: dict[str, Any] = Field(default_factory=dict)
    then: str
    retries: str = ""
    reason: str = ""
    line: int


class RulesView(View):
    """The rules in force, in the order in which they are asked; then what each state is answered with."""

    source: str
    zone: str
    rules: tuple[RuleView, ...]
    otherwise: dict[str, str]
    next_tools: dict[str, list[str]]
    how: str

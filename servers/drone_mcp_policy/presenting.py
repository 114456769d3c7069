"""Writes decisions, explanations and rules as views. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_policy.states import DEFAULT_ACTIONS
from drone_mcp_policy.views import DecisionView, ExplanationView, NextCall, RuleLook, RulesView, RuleView

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Observation
    from drone_mcp_policy.next_step import Decision, Evaluation, Outcome
    from drone_mcp_policy.rules import Rules
    from drone_mcp_policy.states import Action

AGAIN: Final = "drone_evaluate_build"
HOW: Final = (
    "Rules are evaluated in this order, and the first match decides; a retry rule that has used up its tries is "
    "skipped. If no rule matches, `otherwise` decides."
)
_STEPS: Final[dict[Action, str]] = {
    "wait": "Wait for {build}, then evaluate it again",
    "continue": "Go on with what depends on {build}",
    "collect_logs_and_stop": "Collect what {build} says about its failure, report it, and stop",
    "retry": "Restart {build} once, then evaluate the build that this makes",
    "ask_for_approval": "Ask a person who may approve {build}, and stop until then",
    "stop": "Stop, and report how {build} stands",
}
_OUTCOMES: Final[dict[Outcome, str]] = {
    "decided": "decided",
    "mismatch": "did not match",
    "withheld": "matched, but",
    "not_reached": "not reached",
}
_LINES: Final = 60  # rules in an explanation
_WIDTH: Final = 300  # characters of a reason


def decision_view(
    decision: Decision, build: Build | None, repo: str, role: frozenset[str] | None, note: str = ""
) -> DecisionView:
    """Return the view of a decision for an agent with the tools `role`; None: its tools are not known."""
    number = build.number if build else None
    named = f"build {number} of {repo}" if number else repo
    step = _STEPS[decision.action].format(build=named)
    call = _find_next_call(decision, repo, number, role)
    if decision.wait_seconds:
        step = f"Call {AGAIN} again in {decision.wait_seconds} s"
    elif call is not None:
        step += f": call {call.tool}"
    elif role is not None and decision.action == "retry":
        step = f"You have no tool that restarts {named}: report that a retry is due, and stop"
    return DecisionView(
        repo=repo,
        number=number,
        status=one_line(build.status, 40) if build else "none",
        action=decision.action,
        reason=one_line(decision.reason, _WIDTH),
        rule=decision.rule,
        next_call=call,
        next_step=step,
        failure_class=decision.kind,
        confidence=decision.confidence,
        retries=f"{len(decision.used)} of {decision.most} used" if decision.most else "",
        wait_seconds=decision.wait_seconds or None,
        note=note,
    )


def with_origin(view: DecisionView, observation: Observation | None) -> DecisionView:
    """Add where the build was read, and when it was in this state."""
    if observation is None:
        return view
    at = datetime.fromtimestamp(int(observation.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return view.model_copy(update={"source": observation.source, "as_of": at})


def _find_next_call(decision: Decision, repo: str, number: int | None, role: frozenset[str] | None) -> NextCall | None:
    """Name the first tool for the next step that the role has."""
    tool = AGAIN if decision.wait_seconds else next((name for name in decision.tools if name in (role or ())), None)
    if tool is None or number is None:
        return None
    return NextCall(tool=tool, arguments={"repo": repo, "number": number})


def explanation_view(evaluation: Evaluation, decision: DecisionView, source: str) -> ExplanationView:
    """Return the view of a decision with the result of every rule."""
    results = evaluation.results
    more = f"{len(results) - _LINES} further rules" if len(results) > _LINES else ""
    looks = tuple(
        RuleLook(
            rule=result.rule.name,
            then=result.rule.then,
            outcome=_OUTCOMES[result.outcome],
            why=one_line(result.why, _WIDTH),
            line=result.rule.line,
        )
        for result in results[:_LINES]
    )
    return ExplanationView(decision=decision, rules=looks, left_out=more, source=source)


def rules_view(rules: Rules) -> RulesView:
    """Return the view of the rules."""
    views = []
    for rule in rules.rules:
        most = rule.retries
        limits = f"{most.most} of one commit, first after {most.back_off} s, {most.hourly} an hour on one branch"
        view = RuleView(
            rule=rule.name,
            when=dict(rule.written),
            then=rule.then,
            retries=limits if rule.then == "retry" else "",
            reason=one_line(rule.reason, _WIDTH) if rule.reason else "",
            line=rule.line,
        )
        views.append(view)
    return RulesView(
        source=rules.source,
        zone=str(rules.zone),
        rules=tuple(views),
        otherwise={state: action for state, (action, _) in DEFAULT_ACTIONS.items()},
        next_tools={action: list(names) for action, names in rules.tools.items()},
        how=HOW,
    )

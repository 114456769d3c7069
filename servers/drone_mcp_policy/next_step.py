"""The decision. Pure and deterministic: the same build, history, rules and time give the same answer.

Rules are evaluated in the order of their file, and the first match decides. A retry rule that has used up its tries is
skipped. If no rule matches, the table of states decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drone_mcp_policy.earlier_attempts import count_attempts
from drone_mcp_policy.matching import find_mismatch
from drone_mcp_policy.states import decide_by_state, describe_vain_wait

if TYPE_CHECKING:
    from drone_mcp_policy.earlier_attempts import Attempts, History
    from drone_mcp_policy.facts import Facts
    from drone_mcp_policy.rules import Rule, Rules
    from drone_mcp_policy.states import Action, State

BUILT_IN = "built-in"

# The result of a rule: it decided, does not match, would retry but may not, or follows the one that decided.
Outcome = Literal["decided", "mismatch", "withheld", "not_reached"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on the next step.

    Attributes:
        rule: which rule decided; "built-in: STATE" for the table of states.
        reason: a sentence.
        tools: names of tools that take the next step, the best first.
        used: numbers of the builds that a retry would repeat.
        most: how many retries the rule allows; 0 for other rules.
        wait_seconds: how long a retry has to wait yet.
        kind: the class of the first failure; "" where nothing failed.
        confidence: in that class.
    """

    action: Action
    rule: str
    reason: str
    state: State
    tools: tuple[str, ...] = ()
    used: tuple[int, ...] = ()
    most: int = 0
    wait_seconds: int = 0
    kind: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The result of applying one rule to the build."""

    rule: Rule
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A decision, and the result of every rule."""

    decision: Decision
    results: tuple[RuleResult, ...]


def decide(facts: Facts, history: History, rules: Rules) -> Decision:
    """Decide what to do about a build; `history` holds the repository's other builds."""
    return evaluate(facts, history, rules).decision


def evaluate(facts: Facts, history: History, rules: Rules) -> Evaluation:
    """Decide as `decide` does, and return the result of every rule as well."""
    results: list[RuleResult] = []
    decision: Decision | None = None
    for rule in rules.rules:
        if decision is not None:
            results.append(RuleResult(rule, "not_reached", f"{decision.rule!r} had decided"))
            continue
        decision, result = _apply_rule(rule, rules, facts, history)
        results.append(result)
    if decision is None:
        action, _ = decide_by_state(facts.build, facts.now)
        tools = rules.tools.get(action, ())
        decision = _make_decision(facts, action, f"{BUILT_IN}: {facts.state}", _describe(facts), tools)
    withheld = next((result for result in results if result.outcome == "withheld"), None)
    # Where another rule retries, the one that may not explains nothing.
    if withheld is not None and not decision.most and withheld.rule.then == "retry":
        reason = f"{decision.reason}; no retry by {withheld.rule.name!r}: {withheld.why}"
        decision = replace(decision, reason=reason)
    return Evaluation(decision, tuple(results))


def may_retry(facts: Facts, rules: Rules) -> bool:
    """Return whether any rule would retry the build, so that its history is worth reading."""
    if _find_guess(facts):
        return False
    return any(rule.then == "retry" and not find_mismatch(rule, rules, facts) for rule in rules.rules)


def _apply_rule(rule: Rule, rules: Rules, facts: Facts, history: History) -> tuple[Decision | None, RuleResult]:
    if why := find_mismatch(rule, rules, facts):
        return None, RuleResult(rule, "mismatch", why)
    if rule.then == "retry" and facts.build is not None:
        return _retry(rule, rules, facts, count_attempts(facts.build, history, facts.now))
    # A rule cannot know that what it waits for never comes.
    if rule.then == "wait" and facts.build is not None and (vain := describe_vain_wait(facts.build, facts.now)):
        return None, RuleResult(rule, "withheld", vain)
    reason = rule.reason or _describe(facts)
    tools = rule.tools or rules.tools.get(rule.then, ())
    return _make_decision(facts, rule.then, rule.name, reason, tools), RuleResult(rule, "decided", reason)


def _find_guess(facts: Facts) -> str:
    """Return which failure has a class that is only guessed, and so is no ground for a retry; "" if none has."""
    guessed = next((failed for failed in facts.failed if failed.confidence == "low"), None)
    if guessed is None:
        return ""
    return f"the class of {guessed.place} is a guess; evaluate again with failure_class and confidence of a diagnosis"


def _find_retry_obstacle(rule: Rule, facts: Facts, past: Attempts) -> str:
    """Return why the rule may not retry the build; "" where it may."""
    limits = rule.retries
    if guess := _find_guess(facts):
        return guess
    # Before the counts, which mean nothing where the history may lack a restart.
    if past.doubt:
        return past.doubt
    if len(past.used) >= limits.most:
        shown = ", ".join(str(number) for number in past.used[-5:])
        return f"its retries are used up ({limits.most}): build{'s' if len(past.used) > 1 else ''} {shown}"
    if past.in_last_hour >= limits.hourly:
        return f"the branch had {past.in_last_hour} restarts in the last hour, and {limits.hourly} are allowed"
    return past.same


def _retry(rule: Rule, rules: Rules, facts: Facts, past: Attempts) -> tuple[Decision | None, RuleResult]:
    if why := _find_retry_obstacle(rule, facts, past):
        return None, RuleResult(rule, "withheld", why)
    build, used = facts.build, len(past.used)
    pause = rule.retries.pause(used)
    # Counted from the build's end by Drone's clock. Never longer than the pause itself, in case that clock is ahead of
    # ours.
    pause = min(pause, max(0, (build.finished if build else 0) + pause - facts.now))
    because = rule.reason or _describe(facts)
    reason = f"{because}; retry {used + 1} of {rule.retries.most}"
    if pause:
        reason += f", not before {pause} s from now"
    # During the pause no tool is named: an agent would call it at once.
    tools = () if pause else rule.tools or rules.tools.get("retry", ())
    decision = _make_decision(facts, "wait" if pause else "retry", rule.name, reason, tools)
    decision = replace(decision, used=past.used, most=rule.retries.most, wait_seconds=pause)
    return decision, RuleResult(rule, "decided", reason)


def _make_decision(facts: Facts, action: Action, rule: str, reason: str, tools: tuple[str, ...]) -> Decision:
    decision = Decision(action=action, rule=rule, reason=reason, state=facts.state, tools=tools)
    if not facts.failed:
        return decision
    first = facts.failed[0]
    return replace(decision, kind=first.kind, confidence=first.confidence)


def _describe(facts: Facts) -> str:
    """Say in a sentence how the build stands."""
    _, why = decide_by_state(facts.build, facts.now)
    return f"{why}: {facts.failed[0].description}" if facts.failed else why

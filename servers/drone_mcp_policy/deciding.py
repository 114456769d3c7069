"""The decision. Pure and deterministic: the same build, history, rules and time give the same answer.

Rules are asked in the order of their file, and the first that fits decides. A rule that retries, but may not any more,
lets the next one look. What no rule decides, the table of states does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drone_mcp_policy.attempts import count_attempts
from drone_mcp_policy.matching import find_mismatch
from drone_mcp_policy.states import decide_by_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_policy.attempts import Attempts, History
    from drone_mcp_policy.facts import Facts
    from drone_mcp_policy.rules import Rule, Rules
    from drone_mcp_policy.states import Action, State

BUILT_IN = "built-in"

# What a rule came to: it decided, does not fit the build, would retry but may not, or came after the one that decided.
Outcome = Literal["decided", "mismatch", "withheld", "not_reached"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next.

    Attributes:
        rule: which rule decided; "built-in: STATE" where none did.
        reason: a sentence.
        tools: names of tools that take the next step, the best first.
        used: numbers of the builds that a retry would repeat.
        most: how many retries the rule allows; 0 for other rules.
        wait_seconds: how long a retry has to wait yet.
        kind: the class of the first failure; "" where nothing failed.
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


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What came of holding one rule against the build."""

    rule: Rule
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A decision, and what every rule had to do with it."""

    decision: Decision
    results: tuple[RuleResult, ...]


def decide(facts: Facts, history: History, rules: Rules) -> Decision:
    """Decide what to do about a build; `history` is what else the repository has built."""
    return evaluate(facts, history, rules).decision


def evaluate(facts: Facts, history: History, rules: Rules) -> Evaluation:
    """Decide as `decide` does, and return of every rule why it did or did not."""
    results: list[RuleResult] = []
    decision: Decision | None = None
    for rule in rules.rules:
        if decision is not None:
            results.append(RuleResult(rule, "not_reached", f"{decision.rule!r} had decided"))
            continue
        decision, look = _look(rule, rules, facts, history)
        results.append(look)
    return Evaluation(_with_withheld_retry(decision or _by_state(facts, rules), results), tuple(results))


def _with_withheld_retry(decision: Decision, results: list[RuleResult]) -> Decision:
    """Add why a rule that would have retried did not."""
    withheld = next((look for look in results if look.outcome == "withheld"), None)
    if withheld is None or decision.most:
        return decision
    return replace(decision, reason=f"{decision.reason}; no retry by {withheld.rule.name!r}: {withheld.why}")


def may_retry(facts: Facts, rules: Rules) -> bool:
    """Whether any rule would retry the build, so that its history is worth reading."""
    return any(rule.then == "retry" and not find_mismatch(rule, rules, facts) for rule in rules.rules)


def _look(rule: Rule, rules: Rules, facts: Facts, history: History) -> tuple[Decision | None, RuleResult]:
    if why := find_mismatch(rule, rules, facts):
        return None, RuleResult(rule, "mismatch", why)
    if rule.then == "retry" and facts.build is not None:
        return _retry(rule, rules, facts, count_attempts(facts.build, history, facts.now))
    reason = rule.reason or _story(facts)
    return _decision(rule, rules, facts, reason), RuleResult(rule, "decided", reason)


def _retry(rule: Rule, rules: Rules, facts: Facts, past: Attempts) -> tuple[Decision | None, RuleResult]:
    if why := next(_against(rule, past), ""):
        return None, RuleResult(rule, "withheld", why)
    build, used = facts.build, len(past.used)
    pause = rule.retries.pause(used)
    pause = min(pause, max(0, (build.finished if build else 0) + pause - facts.now))
    because = rule.reason or _story(facts)
    reason = f"{because}; retry {used + 1} of {rule.retries.most}"
    if pause:
        reason += f", not before {pause} s from now"
    decided = Decision(
        action="wait" if pause else "retry",
        rule=rule.name,
        reason=reason,
        state=facts.state,
        tools=() if pause else rule.tools or rules.tools.get("retry", ()),
        used=past.used,
        most=rule.retries.most,
        wait_seconds=pause,
        kind=_kind(facts),
    )
    return decided, RuleResult(rule, "decided", reason)


def _against(rule: Rule, past: Attempts) -> Iterator[str]:
    """Name what forbids a retry that the rule would make."""
    limits = rule.retries
    if past.doubt:
        yield past.doubt
    if len(past.used) >= limits.most:
        yield f"its retries are used up ({limits.most}): {_builds(past.used)}"
    if past.in_last_hour >= limits.hourly:
        yield f"the branch had {past.in_last_hour} restarts in the last hour, and {limits.hourly} are allowed"


def _decision(rule: Rule, rules: Rules, facts: Facts, reason: str) -> Decision:
    return Decision(
        action=rule.then,
        rule=rule.name,
        reason=reason,
        state=facts.state,
        tools=rule.tools or rules.tools.get(rule.then, ()),
        kind=_kind(facts),
    )


def _by_state(facts: Facts, rules: Rules) -> Decision:
    action, _ = decide_by_state(facts.build)
    return Decision(
        action=action,
        rule=f"{BUILT_IN}: {facts.state}",
        reason=_story(facts),
        state=facts.state,
        tools=rules.tools.get(action, ()),
        kind=_kind(facts),
    )


def _story(facts: Facts) -> str:
    """Say in a sentence how the build stands."""
    _, why = decide_by_state(facts.build)
    return f"{why}: {facts.failed[0].description}" if facts.failed else why


def _kind(facts: Facts) -> str:
    return facts.failed[0].kind if facts.failed else ""


def _builds(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(str(number) for number in numbers[-5:])
    return f"build{'s' if len(numbers) > 1 else ''} {shown}"

"""Whether a rule fits a build, and why not. Pure."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.refs import branch_of
from drone_mcp_policy.states import USED_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_policy.facts import Facts, Failure
    from drone_mcp_policy.rules import Rule, Rules, When

_MOST = 4  # items of a list that are repeated
_WIDTH = 60


def find_mismatch(rule: Rule, rules: Rules, facts: Facts) -> str:
    """Return the first thing about the build that the rule does not fit; "" where it fits."""
    return next(_mismatches(rule, rules, facts), "")


def _mismatches(rule: Rule, rules: Rules, facts: Facts) -> Iterator[str]:
    when = rule.when
    statuses = when.status or USED_IN[rule.then]
    if facts.state not in statuses:
        yield f"status is {facts.state}, not {_either(sorted(statuses))}"
    for name, value in _texts(facts):
        if (globs := getattr(when, name)) and not _fits(value, globs):
            yield f"{name} is {one_line(value, _WIDTH)!r}, not {_either(globs)}"
    if when.time and not any(span.holds(_minute(facts, rules)) for span in when.time):
        minute = _minute(facts, rules)
        yield f"the time is {minute // 60:02}:{minute % 60:02}, outside of {_either(_list(rule.written.get('time')))}"
    yield from _failures(rule, facts)


def _texts(facts: Facts) -> tuple[tuple[str, str], ...]:
    build = facts.build
    return (
        ("repo", facts.repo),
        ("branch", branch_of(build) if build else ""),
        ("event", build.event if build else ""),
        ("target", build.deploy_to if build else ""),
        ("trigger", build.trigger if build else ""),
    )


def _failures(rule: Rule, facts: Facts) -> Iterator[str]:
    """A rule asks for one failure that fits as a whole; a rule that retries asks that all of them do."""
    asked = [name for name in ("stage", "step", "exit_code", "error", "failure_class") if getattr(rule.when, name)]
    if not asked:
        return
    if not facts.failed:
        yield from _places(rule.when, facts)
        return
    wrong = [failed for failed in facts.failed if not _fits_failure(rule.when, failed)]
    if len(wrong) == len(facts.failed):
        yield f"{', '.join(asked)}: {facts.failed[0].description} does not fit"
    elif wrong and rule.then == "retry":
        yield f"{', '.join(asked)}: {wrong[0].description} failed as well"


def _places(when: When, facts: Facts) -> Iterator[str]:
    """Where nothing failed, stage and step are any that is there."""
    if when.exit_code or when.error or when.failure_class:
        yield "nothing failed"
    elif not any(_fits(stage, when.stage) and _fits(step, when.step) for stage, step in facts.places):
        yield f"no stage or step is {_either(when.stage + when.step)}"


def _fits_failure(when: When, failed: Failure) -> bool:
    return (
        _fits(failed.stage, when.stage)
        and _fits(failed.step, when.step)
        and (not when.failure_class or failed.kind in when.failure_class)
        and (not when.exit_code or any(low <= failed.exit_code <= high for low, high in when.exit_code))
        and (when.error is None or when.error.search(failed.error) is not None)
    )


def _fits(value: str, globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatchcase(value, glob) for glob in globs)


def _minute(facts: Facts, rules: Rules) -> int:
    at = datetime.fromtimestamp(facts.now, rules.zone)
    return at.hour * 60 + at.minute


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _either(items: tuple[str, ...] | list[str]) -> str:
    shown = [one_line(item, _WIDTH) for item in items[:_MOST]]
    return " or ".join([*shown, *(["others"] if len(items) > _MOST else [])])

"""Decides whether a rule matches a build, and says why not. Pure."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.refs import branch_of
from drone_mcp_policy.states import USED_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_policy.facts import Facts, Failure
    from drone_mcp_policy.rules import Rule, Rules, When

_MOST = 4  # items of a list that a reason repeats
_WIDTH = 60  # characters of each


def find_mismatch(rule: Rule, rules: Rules, facts: Facts) -> str:
    """Return the first reason why the rule does not match the build; "" where it matches."""
    return next(_find_mismatches(rule, rules, facts), "")


def _find_mismatches(rule: Rule, rules: Rules, facts: Facts) -> Iterator[str]:
    when, build = rule.when, facts.build
    # Without `status`, a rule applies in every state in which its action makes sense.
    statuses = when.status or USED_IN[rule.then]
    if facts.state not in statuses:
        yield f"status is {facts.state}, not {_join_alternatives(sorted(statuses))}"
    texts = (
        (when.repo, "repo", facts.repo),
        (when.branch, "branch", branch_of(build) if build else ""),
        (when.event, "event", build.event if build else ""),
        (when.target, "target", build.deploy_to if build else ""),
        (when.trigger, "trigger", build.trigger if build else ""),
    )
    for globs, name, value in texts:
        if not _matches(value, globs):
            yield f"{name} is {one_line(value, _WIDTH)!r}, not {_join_alternatives(globs)}"
    if when.time:
        at = datetime.fromtimestamp(facts.now, rules.zone)
        if not any(span.holds(at.hour * 60 + at.minute) for span in when.time):
            written = rule.written.get("time")
            spans = [str(item) for item in written] if isinstance(written, list) else [str(written)]
            yield f"the time is {at:%H:%M}, outside of {_join_alternatives(spans)}"
    yield from _find_failure_mismatches(rule, facts)


def _find_failure_mismatches(rule: Rule, facts: Facts) -> Iterator[str]:
    """Check the conditions on failures: one failure must meet all of them; for a retry, every failure must.

    In a build without failures, `stage` and `step` may name any step.
    """
    when = rule.when
    asked = [name for name in ("stage", "step", "exit_code", "error", "failure_class") if getattr(when, name)]
    if not asked:
        return
    if not facts.failed:
        if when.exit_code or when.error or when.failure_class:
            yield "nothing failed"
        elif not any(_matches(stage, when.stage) and _matches(step, when.step) for stage, step in facts.places):
            yield f"no stage or step is {_join_alternatives(when.stage + when.step)}"
        return
    wrong = [failed for failed in facts.failed if not _matches_failure(when, failed)]
    if len(wrong) == len(facts.failed):
        yield f"{', '.join(asked)}: {facts.failed[0].description} does not fit"
    # A retry repeats every failure, also one that the rule is not for.
    elif wrong and rule.then == "retry":
        yield f"{', '.join(asked)}: {wrong[0].description} failed as well"


def _matches_failure(when: When, failed: Failure) -> bool:
    return (
        _matches(failed.stage, when.stage)
        and _matches(failed.step, when.step)
        and (not when.failure_class or failed.kind in when.failure_class)
        and (not when.exit_code or any(low <= failed.exit_code <= high for low, high in when.exit_code))
        and (when.error is None or when.error.search(failed.error) is not None)
    )


def _matches(value: str, globs: tuple[str, ...]) -> bool:
    # `fnmatchcase`, as `fnmatch` ignores case on Windows.
    return not globs or any(fnmatchcase(value, glob) for glob in globs)


def _join_alternatives(items: tuple[str, ...] | list[str]) -> str:
    shown = [one_line(item, _WIDTH) for item in items[:_MOST]]
    return " or ".join([*shown, *(["others"] if len(items) > _MOST else [])])

"""Writes the answer of a search for a regression. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import NAME_WIDTH, clean_name
from drone_mcp_build.commit_links import compare_page
from drone_mcp_diagnosis.views import LOST_CAUSE
from drone_mcp_logs.common.build_line import build_line, looked_at, when
from drone_mcp_logs.regression.streak import Streak, kept_rows
from drone_mcp_logs.regression.views import RegressionView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.build_history import Chronicle
    from drone_mcp_known.signature_store import Signed

RegressionVerdict = Literal["passing", "no_builds", "unclear", "came_back", "new_here", "broken_since"]
_ROWS = 24  # builds that are listed, a line each
_BEFORE = 10  # builds with the same failure before, which are named
_LOST = 5  # builds whose log has lost its beginning, which are named


@dataclass(frozen=True, slots=True)
class Regression:
    """The result of a search.

    Attributes:
        signature: of the newest failure; "" if it left no text.
        first: the oldest of the streak that fails in the same way.
        before: failed in the same way before the last good build, newest first.
        signed: the signatures of the builds that were read, by number; None where no request was left for one.
        count: builds looked at.
        home: the page of the repository at its source host.
    """

    streak: Streak
    signature: str = ""
    first: Build | None = None
    before: tuple[int, ...] = ()
    signed: Mapping[int, Signed | None] = field(default_factory=dict)
    count: int = 0
    home: str = ""


def answer(found: Regression, chronicle: Chronicle, step: str) -> RegressionView:
    """Write the answer."""
    streak = found.streak
    good, bad = streak.last_good, streak.bad
    verdict = _verdict(found)
    return RegressionView(
        repo=chronicle.slug,
        branch=clean_name(chronicle.branch),
        verdict=verdict,
        summary=_SUMMARIES[verdict](found),
        step=one_line(step, 2 * NAME_WIDTH),
        last_good=good.number if good else None,
        first_failed=bad[-1].number if bad else None,
        first_seen=found.first.number if found.first and found.signature else None,
        newest_failed=bad[0].number if bad else None,
        seen_before=found.before[:_BEFORE],
        signature=found.signature,
        note=_lost(found),
        builds=tuple(_rows(found)),
        compare_link=one_line(compare_page(found.home, good.after, bad[-1].after), 300) if good and bad else "",
        looked_at=looked_at(found.count, chronicle),
        next_step=_next_step(verdict, found),
    )


def _verdict(found: Regression) -> RegressionVerdict:
    if not found.streak.bad:
        return "passing" if found.streak.last_good else "no_builds"
    if not found.signature:
        return "unclear"
    if found.before:
        return "came_back"
    return "new_here" if found.first is found.streak.bad[0] else "broken_since"


def _passing(found: Regression) -> str:
    good = found.streak.last_good
    return f"not broken: #{good.number}, its newest build that says something, is good" if good else ""


def _unclear(found: Regression) -> str:
    return (
        f"broken since {_at(found.streak.bad[-1])}{_after(found)}; no log or error shows how #{_newest(found)} failed"
    )


def _came_back(found: Regression) -> str:
    good = found.streak.last_good.number if found.streak.last_good else 0
    return f"a failure that was there before #{good} passed is back since {_at(_first(found))}{_streak(found)}"


def _new_here(found: Regression) -> str:
    others = len(found.streak.bad) - 1
    text = f"new here: #{_newest(found)} is the first that fails in this way"
    return text + (f"; broken otherwise since {_at(found.streak.bad[-1])}{_after(found)}" if others else _after(found))


def _broken_since(found: Regression) -> str:
    return f"broken since {_at(_first(found))} in the same way as #{_newest(found)}{_streak(found)}"


_SUMMARIES: dict[RegressionVerdict, Callable[[Regression], str]] = {
    "passing": _passing,
    "no_builds": lambda _: "no build of it that ended good or bad was found",
    "unclear": _unclear,
    "came_back": _came_back,
    "new_here": _new_here,
    "broken_since": _broken_since,
}


def _streak(found: Regression) -> str:
    """Describe the failure before this one, if there was any."""
    first = found.streak.bad[-1]
    earlier = f"; broken otherwise since {_at(first)}" if first is not _first(found) else ""
    return earlier + _after(found)


def _after(found: Regression) -> str:
    good = found.streak.last_good
    return f"; last good: {_at(good)}" if good else "; no good build was found before"


def _at(build: Build) -> str:
    at = when(build.created)
    return f"#{build.number} ({at} UTC)" if at else f"#{build.number}"


def _first(found: Regression) -> Build:
    return found.first or found.streak.bad[0]


def _newest(found: Regression) -> int:
    return found.streak.bad[0].number


def _rows(found: Regression) -> Iterable[str]:
    """List the builds from the newest to the last good one; the decisive ones are always among them."""
    streak, notes = found.streak, defaultdict[int, list[str]](list)
    good = (streak.last_good,) if streak.last_good else ()
    if streak.last_good:
        notes[streak.last_good.number].append("last good")
    if streak.bad:
        notes[streak.bad[-1].number].append("first failed")
    for build in streak.bad if found.signature else ():
        signed = found.signed.get(build.number)
        if signed is not None:
            alike = "first seen" if build is found.first else "the same failure"
            other = "fails otherwise" if signed.signature else "no log shows how"
            notes[build.number].append(alike if signed.signature == found.signature else other)
    for build in streak.between:
        notes[build.number].append("shows nothing, but its change may be the cause")
    every = sorted((*streak.silent, *streak.bad, *good), key=lambda build: -build.number)
    turning = [build.number for build in (*streak.bad[:1], *streak.bad[-1:], *good)]
    first = [found.first.number] if found.first else []
    for row in kept_rows(every, [*turning, *first, *notes], _ROWS):
        yield f"... {row} more" if isinstance(row, int) else build_line(row, ", ".join(notes.get(row.number, ())))


def _lost(found: Regression) -> str:
    """Say which of the logs that were compared have lost their beginning."""
    numbers = [number for number, signed in found.signed.items() if signed and signed.head_lost]
    more = f" and {len(numbers) - _LOST} more" if len(numbers) > _LOST else ""
    named = ", ".join(f"#{number}" for number in numbers[:_LOST])
    return f"in the log of {named}{more} {LOST_CAUSE}" if numbers else ""


def _next_step(verdict: str, found: Regression) -> str:
    if verdict == "no_builds":
        return "Call again with a branch that has builds"
    if verdict == "passing":
        return ""
    if verdict == "came_back":
        return "drone_find_flaky_steps shows whether the step fails without a change"
    if found.streak.last_good is None:
        return f"drone_diagnose_build with number {_newest(found)} says why it fails"
    # The build before the first that fails in this way: the last good one, or one that fails otherwise.
    bad = found.streak.bad
    index = bad.index(_first(found)) + 1
    before = bad[index] if index < len(bad) else found.streak.last_good
    return f"drone_compare_builds with a {_first(found).number} and b {before.number} shows what changed"

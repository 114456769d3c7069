"""Writes the answer of a search within its budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ci_mcp_logs.answer_text import bounded, size_of
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.line_budget import LEAST_ROOM, framed, room_of, room_of_all, share, width_for
from ci_mcp_logs.match_rendering import write_matches
from drone_mcp_diagnosis.steps import described, nameless
from drone_mcp_logs.search.views import SearchView, StepMatchesView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.search import SearchResult
    from drone_mcp_build.failed_steps import StepRef

_SLACK = 8  # tokens: counts of what is shown may have more digits than those of a frame
_LIST_PART = 4  # each list of other steps takes at most this part of an answer


@dataclass(frozen=True, slots=True)
class StepMatches:
    """The matches in a step; `note` says which lines were not searched, and whether it still runs."""

    ref: StepRef
    found: SearchResult
    note: str = ""
    head_lost: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of a search apart from log text; `if_cut` is the next step where matches are left out."""

    repo: str
    number: int
    status: str
    nonce: str
    steps: tuple[StepMatches, ...]
    searched: int
    not_searched: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    next_step: str = ""
    if_cut: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the caller: lines around a match, matches shown, tokens."""

    context: int
    max_matches: int
    token_budget: int


def compose_findings(findings: Findings, limits: Limits) -> SearchView:
    """Return the answer: the first matches of each step, sharing the rest of the budget."""
    budget = limits.token_budget
    total = sum(step.found.count for step in findings.steps)
    findings = _fitting(findings, total, budget)
    steps = findings.steps
    room = max(LEAST_ROOM * len(steps), _room(findings, total, budget))
    widest = width_for(room // max(1, len(steps)), budget)
    hits = share(limits.max_matches, [len(step.found.matches) for step in steps])
    write = partial(write_matches, context=limits.context, widest=widest)
    alone = [write(step.found, most=most, room=room)[0] for step, most in zip(steps, hits, strict=True)]
    rooms = share(room, list(map(room_of_all, alone)))
    results = []
    for step, most, part in zip(steps, hits, rooms, strict=True):
        lines, shown = write(step.found, most=most, room=part)
        results.append(_result(step, shown, framed(lines, findings.nonce) if lines else ""))
    return _view(findings, total, results)


def _fitting(findings: Findings, total: int, budget: int) -> Findings:
    """Drop the parts that leave too little room for lines: steps from the last on, then other words, then names."""
    more: tuple[str, ...] = ()
    plain = replace(findings, not_searched=tuple(bounded(findings.not_searched, budget // _LIST_PART, room_of)))
    while len(plain.steps) > 1 and _room(plain, total, budget) < LEAST_ROOM * len(plain.steps):
        left_out = plain.steps[-1]
        more = (f"{left_out.ref.label}: {left_out.found.count}", *more)
        plain = replace(plain, steps=plain.steps[:-1], more=tuple(bounded(more, budget // _LIST_PART, room_of)))
    if _room(plain, total, budget) < LEAST_ROOM:
        plain = replace(plain, more=(), not_searched=(), next_step="", if_cut="")
    if _room(plain, total, budget) < LEAST_ROOM:
        plain = replace(plain, steps=tuple(map(_plainest, plain.steps)))
    return plain


def _plainest(step: StepMatches) -> StepMatches:
    """Drop the parts that are not needed to read the matches, and the time stamps that the frame would name."""
    return StepMatches(nameless(step.ref), replace(step.found, stamps=""))


def _room(findings: Findings, total: int, budget: int) -> int:
    """Return the room for log lines next to everything else at its longest."""
    frames = [_result(step, 0, framed([], findings.nonce)) for step in findings.steps]
    stamps = sum(stamps_room(step.found.stamps) for step in findings.steps)
    return budget - size_of(_view(findings, total, frames)) - stamps - _SLACK * (1 + len(frames))


def _result(step: StepMatches, shown: int, log: str) -> StepMatchesView:
    return StepMatchesView(**described(step.ref, step.note), matches=step.found.count, shown=shown, log=log)


def _view(findings: Findings, total: int, results: Sequence[StepMatchesView]) -> SearchView:
    shown = sum(result.shown for result in results)
    return SearchView(
        repo=findings.repo,
        number=findings.number,
        status=findings.status,
        matches=total,
        shown=shown,
        searched=findings.searched,
        results=tuple(results),
        more=findings.more,
        not_searched=findings.not_searched,
        next_step=findings.if_cut if shown < total else findings.next_step,
    )

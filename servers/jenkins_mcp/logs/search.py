"""The tool `jenkins_search_build_log`: lines that match a pattern, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.line_budget import LEAST_ROOM, framed, new_nonce, room_of_all, share, width_for
from ci_mcp_logs.match_rendering import write_matches
from ci_mcp_logs.search import PatternError, SearchResult, compile_pattern
from ci_mcp_logs.timed_search import TimedSearch
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.logs.reader import MOST, LogReader, Reading
from jenkins_mcp.logs.step_lookup import CONSOLE, StepRef, find_steps
from jenkins_mcp.logs.views import LogSearchView, Matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.logs.target_build import Target

BUDGET: Final = 2000  # tokens of an answer
MOST_MATCHES: Final = 100  # that are shown
MOST_STEPS: Final = 12  # each costs a request
MOST_SECONDS: Final = 10.0
SLACK: Final = 8  # tokens: counts of what is shown may have more digits than those of a frame
NOTHING: Final = "Try a shorter or a literal pattern; jenkins_get_build_log shows the end of the log"
NARROW: Final = "Narrow the pattern or name a stage"
READ_ON: Final = "jenkins_get_build_log with around shows more around a line"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search, and the limits of its answer."""

    pattern: str
    stage: str | None
    literal: bool
    context: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one log."""

    ref: StepRef
    result: SearchResult
    running: bool
    note: str = ""


async def search_log(target: Target, ask: SearchRequest) -> LogSearchView:
    """Answer `jenkins_search_build_log`.

    Raises:
        InvalidInput: the pattern cannot be used; that costs no request.
    """
    try:
        compiled = compile_pattern(ask.pattern, literal=ask.literal, ignore_case=True)
    except PatternError as wrong:
        raise InvalidInput(str(wrong), next_step=wrong.advice, service=JENKINS) from wrong
    chosen, left_out = [CONSOLE], 0
    if ask.stage is not None:
        steps = await find_steps(target.client, target.job, target.number, ask.stage)
        chosen, left_out = steps[-MOST_STEPS:], max(0, len(steps) - MOST_STEPS)
    search = TimedSearch(compiled, context=ask.context, keep=MOST_MATCHES, seconds=MOST_SECONDS)

    async def look(ref: StepRef) -> Found:
        reading = await LogReader(target.client, target.job, target.number, ref.node).read_all()
        result = await search.run(reading.text)
        return Found(ref, result, reading.text.running, _note(reading, result))

    found = await for_each(chosen, look)
    view = await anyio.to_thread.run_sync(compose, target, found, ask)
    if not left_out:
        return view
    said = f"The first {left_out} steps of the stage were not searched: name one by its number"
    return view.model_copy(update={"next_step": f"{said}; {view.next_step}"})


def _note(reading: Reading, result: SearchResult) -> str:
    notes = []
    if reading.base.base:
        notes.append(
            f"only the last {MOST >> 20} MiB of {reading.size} bytes were searched; lines are counted from the end"
        )
    if not result.whole:
        notes.append(f"only the first {result.searched} of these lines were searched: it took too long")
    if reading.text.running:
        notes.append("it still runs: searched what it printed so far")
    return "; ".join(notes)


def compose(target: Target, found: Sequence[Found], ask: SearchRequest) -> LogSearchView:
    """Return the answer: the first matches of each log, sharing what is left of the budget."""
    nonce, budget = new_nonce(), BUDGET
    total = sum(one.result.count for one in found)
    # One that was searched in part is named also without a match, which may be in the other part.
    hits = [one for one in found if one.result.count or one.note]

    def view(parts: Sequence[tuple[Found, int, str]]) -> LogSearchView:
        shown = sum(count for _, count, _ in parts)
        results = [
            Matches(**one.ref.fields(one.note), matches=one.result.count, shown=count, log=log)
            for one, count, log in parts
        ]
        return LogSearchView(
            job=str(target.job),
            number=target.number,
            result=target.build.result if target.build else "",
            running=any(one.running for one in found) or None,
            matches=total,
            shown=shown,
            results=tuple(results),
            next_step=NARROW if shown < total else READ_ON if total else NOTHING,
        )

    def room_for(hits: Sequence[Found]) -> int:
        frame = view([(one, 0, framed([], nonce)) for one in hits])
        stamps = sum(stamps_room(one.result.stamps) for one in hits)
        return budget - size_of(frame) - stamps - SLACK * (1 + len(hits))

    while len(hits) > 1 and room_for(hits) < LEAST_ROOM * len(hits):
        hits.pop()
    room = max(LEAST_ROOM, room_for(hits))
    write = partial(write_matches, context=ask.context, widest=width_for(room // max(1, len(hits)), budget))
    most = share(MOST_MATCHES, [len(one.result.matches) for one in hits])
    alone = [write(one.result, most=count, room=room)[0] for one, count in zip(hits, most, strict=True)]
    parts = []
    for one, count, part in zip(hits, most, share(room, list(map(room_of_all, alone))), strict=True):
        lines, shown = write(one.result, most=count, room=part)
        parts.append((one, shown, framed(lines, nonce) if lines else ""))
    return view(parts)

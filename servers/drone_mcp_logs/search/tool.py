"""Reads the logs of a build's steps, and searches them for a pattern."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_logs.line_budget import new_nonce
from ci_mcp_logs.search import PatternError, compile_pattern
from ci_mcp_logs.timed_search import TimedSearch
from drone_mcp_client.errors import InvalidInput
from drone_mcp_diagnosis.step_reader import StepReader
from drone_mcp_diagnosis.steps import failed_first, find
from drone_mcp_diagnosis.views import LOST_HEAD, PRINT_LESS
from drone_mcp_logs.search.answer import Findings, StepMatches, compose_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_mcp_logs.log_text import LogText
    from ci_mcp_logs.search import SearchResult
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_logs.search.answer import Limits
    from drone_mcp_logs.search.views import SearchView

MOST_BYTES = 64 << 20  # of logs in one search
MOST_SECONDS = 10.0  # of searching, shared by the logs of one search

NOTHING = "try a shorter or a literal pattern; drone_get_build_logs shows the end of failed steps"
NARROW = "narrow the pattern, name a step, or raise max_matches and token_budget"
NOTHING_LEFT = f"a match may be in a beginning that is lost: {PRINT_LESS}"
NO_LOGS = "no step has a log to search; drone_diagnose_build says why nothing ran"
READ_ON = "drone_get_build_logs with stage, step and around shows more around a line"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search, and the limits of its answer."""

    what: BuildAddress
    pattern: str
    literal: bool
    ignore_case: bool
    limits: Limits


async def search_logs(
    access: KnownAccess, ask: SearchRequest, pace: Pace, clock: Callable[[], float] = time.monotonic
) -> SearchView:
    """Answer `drone_search_build_logs`.

    Raises:
        InvalidInput: the pattern cannot be used; that costs no request.
        ServiceError: Drone cannot be asked.
    """
    try:
        compiled = compile_pattern(ask.pattern, literal=ask.literal, ignore_case=ask.ignore_case)
    except PatternError as wrong:
        raise InvalidInput(str(wrong), next_step=wrong.advice) from wrong
    build = (await access.builds.find(ask.what.repo, ask.what.number)).build
    # Bytes, time and matches are used up in this order.
    chosen = failed_first(build, find(build, ask.what.stage, ask.what.step))
    reader = StepReader(await access.client(), ask.what.repo, build.number, pace)
    steps = _Search(reader, compiled, ask.limits, clock)
    done = await for_each(chosen, steps.step)
    return await anyio.to_thread.run_sync(compose_findings, _findings(ask, build, done), ask.limits)


class _Search:
    """One search through the logs of a build, with the limits that its steps share."""

    def __init__(self, reader: StepReader, compiled: Any, limits: Limits, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._search = TimedSearch(
            compiled, context=limits.context, keep=limits.max_matches, seconds=MOST_SECONDS, clock=clock
        )
        self._bytes_left = MOST_BYTES

    async def step(self, ref: StepRef) -> StepMatches | str:
        """Search one step, or say why not."""
        if ref.never_ran:
            return f"{ref.label}: {ref.step.status}, it has no log"
        # Asked before reading, as only the log shows its size; runners keep at most 5 MiB of one (drone/runner-go,
        # livelog/livelog.go).
        if self._bytes_left <= 0:
            return f"{ref.label}: the logs before it came to {MOST_BYTES >> 20} MiB; name it to search it"
        reading = await self._reader.read(ref)
        if reading.text is None:
            return f"{ref.label}: its log is not there"
        self._bytes_left -= reading.text.size
        found = await self._search.run(reading.text)
        return StepMatches(reading.ref, found, _note(found, reading.text), reading.text.head_lost)


def _note(found: SearchResult, text: LogText) -> str:
    notes = []
    if not found.whole:
        notes.append(f"only the first {found.searched} of {len(text.lines)} lines were searched: it took too long")
    if text.running:
        notes.append("it still runs: searched what it printed so far")
    if text.head_lost:
        notes.append("Drone no longer replays its beginning" if text.running else LOST_HEAD)
    return "; ".join(notes)


def _findings(ask: SearchRequest, build: Build, done: Sequence[StepMatches | str]) -> Findings:
    steps = [step for step in done if isinstance(step, StepMatches)]
    # One that was searched in part is named also without a match, which may be in the other part.
    hits = tuple(step for step in steps if step.found.count or step.note)
    matches = sum(step.found.count for step in hits)
    return Findings(
        ask.what.repo,
        build.number,
        build.status,
        new_nonce(),
        steps=hits,
        searched=len(steps),
        not_searched=tuple(reason for reason in done if isinstance(reason, str)),
        next_step=_next_step(steps, matches),
        if_cut=NARROW,
    )


def _next_step(steps: Sequence[StepMatches], matches: int) -> str:
    if matches:
        return READ_ON
    if not steps:
        return NO_LOGS
    return NOTHING_LEFT if any(step.head_lost for step in steps) else NOTHING

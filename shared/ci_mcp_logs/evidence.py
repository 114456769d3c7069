"""The evidence of a failure in the log of a step: its study, signature, headline, new lines, places in files. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_mcp_logs.log_forms import error_command
from ci_mcp_logs.signature import signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill import Block, Excerpt, ExcerptLine, Study
    from ci_mcp_logs.log_text import LogText

_COMPLAINT = re.compile(
    r"error|fail|exception|panic|fatal|expected|assert|cannot|can't|could not|undefined|not found|denied|refused|killed"
    r"|time(?:d ?)?out|no such|invalid|missing",
    re.IGNORECASE,
)
_MOST_NEW = 0.5  # part of a log's lines; with more new ones, the good log is one of other work
_SIGNED = 1000  # tokens of the excerpt that a signature is taken from, whatever the caller's budget is


def study_of(text: LogText, good: LogText | None = None) -> Study:
    """Return the study of a log, from which excerpts of any size are taken. Line 1 is the first of `text`.

    `good` is the log of the last good run of the same step; it is ignored where most lines are new.
    """
    from ci_mcp_logs.distill import Study  # noqa: PLC0415 - on first use, to start fast

    return Study(text, good, most_new=_MOST_NEW)


def new_lines(text: LogText, study: Study) -> list[int]:
    """Return the numbers (from 1) of the lines that the good log lacks, apart from numbers and ids."""
    if study.news is None:
        return list(range(1, len(text.lines) + 1))
    return study.news


def signature_of(study: Study, exit_code: int) -> str:
    """Return the signature of the failure that a log shows by itself; "" where it shows none."""
    found = study.excerpt(exit_code, _SIGNED)
    return signature([*found.tests, *_complaints(found.by_weight[:1])])


def _complaints(blocks: Iterable[Block]) -> list[str]:
    """Return the lines that say that something is wrong, in the order of the blocks; all where none says so."""
    lines = [line.text for block in blocks for line in block.lines]
    return [line for line in lines if _COMPLAINT.search(line)] or lines


def places_of(found: Excerpt) -> tuple[str, ...]:
    """Return the places in source files that the excerpt names, those of the most telling lines first."""
    lines = [*_complaints(found.by_weight), *(line.text for block in found.by_weight for line in block.lines)]
    reported = (error_command(line) for line in lines)
    places = dict.fromkeys([*(error.place for error in reported if error and error.place), *found.locations])
    paths = {place: place.rpartition(":")[0] for place in places}
    rank = {
        place: next((n for n, line in enumerate(lines) if path in line), len(lines)) for place, path in paths.items()
    }
    return tuple(sorted(places, key=lambda place: rank[place]))


def headline(found: Excerpt) -> ExcerptLine | None:
    """Return the line that even the smallest answer shows: the first complaint of the heaviest block."""
    lines = [line for block in found.by_weight[:1] for line in block.lines]
    return next((line for line in lines if _COMPLAINT.search(line.text)), None)

"""What the log of a step shows of its failure: the distiller's study, new lines, places in files, signature. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_mcp_logs.signature import signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill import Block, Excerpt, Shown, Study
    from ci_mcp_logs.log_text import LogText

_TELLS = re.compile(
    r"error|fail|exception|panic|fatal|expected|assert|cannot|can't|could not|undefined|not found|denied|refused|killed"
    r"|time(?:d ?)?out|no such|invalid|missing",
    re.IGNORECASE,
)
_MOST_NEW = 0.5  # of a log's lines
_SIGNED = 1000  # tokens of the excerpt that a signature is taken from, whatever the caller's budget is


def study_of(text: LogText, good: LogText | None = None) -> Study:
    """Return the study of a log, which reads it once for any number of excerpts. Line 1 is the first of `text`.

    `good` is the log of the last good run of the same step; it is ignored where most lines are new.
    """
    from ci_mcp_logs.distill import Study  # noqa: PLC0415 - on first use, to start fast

    return Study("\n".join(text.lines), "\n".join(good.lines) if good else None, most_new=_MOST_NEW)


def new_lines(text: LogText, study: Study) -> list[int]:
    """Return the numbers (from 1) of the lines that the good log lacks, apart from numbers and ids."""
    if study.news is None:
        return list(range(1, len(text.lines) + 1))
    return [number for number, _ in study.news]


def signature_of(study: Study, exit_code: int) -> str:
    """Return the signature of the failure that a log shows by itself; "" where it shows none."""
    found = study.excerpt(exit_code, _SIGNED)
    return signature([*found.tests, *_telling(found.by_weight[:1])])


def _telling(blocks: Iterable[Block]) -> list[str]:
    """The lines that say what is wrong, in the order of the blocks; all where none has a word for it."""
    lines = [line.text for block in blocks for line in block.lines]
    return [line for line in lines if _TELLS.search(line)] or lines


def places_of(found: Excerpt) -> tuple[str, ...]:
    """Return the places in source files that the excerpt names, those of the most telling lines first."""
    lines = [*_telling(found.by_weight), *(line.text for block in found.by_weight for line in block.lines)]
    paths = {place: place.rpartition(":")[0] for place in found.locations}
    rank = {
        place: next((n for n, line in enumerate(lines) if path in line), len(lines)) for place, path in paths.items()
    }
    return tuple(sorted(found.locations, key=lambda place: rank[place]))


def headline(found: Excerpt) -> Shown | None:
    """Return the line that even the smallest answer shows: the first line of the heaviest block that names an error."""
    lines = [line for block in found.by_weight[:1] for line in block.lines]
    return next((line for line in lines if _TELLS.search(line.text)), None)

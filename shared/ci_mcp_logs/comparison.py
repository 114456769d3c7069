"""Compares a log with another one of the same step: the lines that the other lacks, within a budget. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_mcp_logs.evidence import new_lines, study_of, write_to_fit
from ci_mcp_logs.line_budget import GAP, Row, numbered, room_of_all

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Study
    from ci_mcp_logs.log_text import LogText


@dataclass(frozen=True, slots=True)
class Comparison:
    """A log beside that of another run of the same step.

    Attributes:
        text: the log.
        study: of the log beside the other one.
        new: numbers of the lines, from 1, that the other log lacks, apart from numbers and ids; ascending.
    """

    text: LogText
    study: Study
    new: list[int]

    @classmethod
    def of(cls, text: LogText, other: LogText) -> Comparison:
        """Compare `text` with the log of another run."""
        study = study_of(text, other)
        return cls(text, study, new_lines(text, study))

    def with_stamps(self) -> Comparison:
        """Return the comparison with lines that are written with their time stamps."""
        return replace(self, text=self.text.with_stamps())

    def write(self, exit_code: int, room: int, widest: int) -> list[Row]:
        """Write all new lines; where they do not fit, the most telling ones of a failure with that exit code."""
        if not self.new:
            return []
        text, before = self.text, self.new[0] - 1
        digits, rows = len(str(text.last)), []
        for number in self.new:
            rows += [] if number == before + 1 else [GAP]
            rows.append(numbered(text.first + number - 1, digits, text.lines[number - 1], widest, form=text.stamps))
            before = number
        if room_of_all(rows) <= room:
            return rows
        return write_to_fit(text, self.study, exit_code, self.study.excerpt(exit_code, room), room, widest)

"""Writes a log as a document, for a resource that shows it whole. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_logs.line_budget import Span, Writer, framed, last_lines, new_nonce

if TYPE_CHECKING:
    from ci_mcp_logs.log_text import LogText

MOST: Final = 256 * 1024  # characters, counted from the end of the log
WIDEST: Final = 4_000  # characters of a line


def write_log(text: LogText) -> tuple[Span, str]:
    """Return which lines were written, and these with their numbers and time stamps, between marks."""
    writer = Writer(text.with_stamps(), MOST, WIDEST, measure=lambda line: len(line) + 1)
    span = last_lines(writer, Span(0, len(text.lines)))
    return span, framed((writer.line(index) for index in span), new_nonce())

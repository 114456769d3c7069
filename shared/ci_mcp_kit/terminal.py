"""Consoles: colours and wrapping on a terminal, whole plain lines into a pipe."""

from __future__ import annotations

import sys
from typing import IO

from rich.console import Console

WIDE = 10_000  # columns: nothing is cut or wrapped for another program


def standard_output() -> Console:
    """Return a console on standard output."""
    return console_on(sys.stdout)


def console_on(stream: IO[str]) -> Console:
    """Return a console on a stream."""
    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=WIDE, color_system=None)

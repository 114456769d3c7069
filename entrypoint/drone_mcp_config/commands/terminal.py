"""Standard output: colours and wrapping on a terminal, whole plain lines into a pipe."""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 10_000  # columns: nothing is cut or wrapped for another program


def standard_output() -> Console:
    """Return a console on standard output."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=WIDE, color_system=None)

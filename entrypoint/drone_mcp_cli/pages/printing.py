"""Chooses the page of an answer, and prints it: on a terminal as it is, into a pipe without the spaces of columns."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, Final

from ci_mcp_kit.terminal import console_on
from drone_mcp_cli import exit_codes, tool_names
from drone_mcp_cli.pages.across_builds import comparison_page, flaky_page, regression_page
from drone_mcp_cli.pages.actions_and_errors import action_page, error_page, next_step_line, notice_line, plain_page
from drone_mcp_cli.pages.builds import build_page, builds_page, repos_page
from drone_mcp_cli.pages.diagnosis import diagnosis_page
from drone_mcp_cli.pages.logs import logs_page, search_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from drone_mcp_cli.pages.parts import Page

_PAGES: Final[dict[str, Callable[[dict[str, Any], str], Page]]] = {
    tool_names.DIAGNOSE: diagnosis_page,
    tool_names.LOGS: logs_page,
    tool_names.SEARCH: search_page,
    tool_names.BUILDS: builds_page,
    tool_names.FIND: builds_page,
    tool_names.REPOS: repos_page,
    tool_names.BUILD: build_page,
    tool_names.COMPARE: comparison_page,
    tool_names.FIND_REGRESSION: regression_page,
    tool_names.FIND_FLAKY_STEPS: flaky_page,
    **dict.fromkeys(tool_names.CHANGES, action_page),
}


def answer_page(tool: str, data: dict[str, Any], text: str, server: str, next_step: str) -> Page:
    """Return the page of an answer.

    Args:
        tool: that gave it.
        data: the answer.
        text: the answer as text, for a tool without a page of its own.
        server: the address of the service.
        next_step: as a command; "" where there is none.
    """
    yield from notice_line(data)
    own = _PAGES.get(tool)
    yield from own(data, server) if own else plain_page(text, data)
    yield from next_step_line(next_step)


def print_page(page: Iterable[RenderableType], stream: IO[str] | None = None) -> None:
    """Print a page on a stream, by default standard output."""
    stream = stream or sys.stdout
    console = console_on(stream)
    if console.is_terminal:
        for part in page:
            console.print(part)
        return
    with console.capture() as captured:
        for part in page:
            console.print(part)
    _write(stream, "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_error(data: dict[str, Any], next_step: str) -> None:
    """Print an error on standard error."""
    print_page(error_page(data, next_step), sys.stderr)


def print_json(data: Any) -> None:
    """Print an answer as JSON; in ASCII, so that it is exact in every encoding."""
    _write(sys.stdout, f"{json.dumps(data, indent=2)}\n")


def _write(stream: IO[str], text: str) -> None:
    """Write a text at once; where nobody reads any more, like `head` when it has enough, end without a word."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # Python flushes again at its end (Python documentation, `signal`, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(exit_codes.CLOSED)

"""Puts the questions of a guard to the person at the terminal."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Protocol

from mcp.types import ElicitRequestURLParams, ElicitResult

if TYPE_CHECKING:
    from collections.abc import Callable


class Asker(Protocol):
    """Answers a question of a server, as the SDK's client calls it."""

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        """Return the answer to the question in `params`."""


BY_OPTION = "--yes"  # what the audit log has as the note of the confirmation


def asker(*, yes: bool, before: Callable[[], None]) -> Asker | None:
    """Return what answers the questions of a server.

    Args:
        yes: whether the person has agreed to all of them by --yes.
        before: called before a question, to clear what moves on the screen.

    Returns:
        None where there is no terminal to ask at: the server then refuses what needs a confirmation.
    """

    async def agree(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - the SDK's signature
        # What is entered on a page cannot be agreed to in advance.
        if isinstance(params, ElicitRequestURLParams):
            return ElicitResult(action="cancel")
        return ElicitResult(action="accept", content={"note": BY_OPTION})

    async def ask(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - likewise
        before()
        # This process serves the page, and serves nothing while it waits here.
        page = f"\nAfter a yes it is at {params.url}" if isinstance(params, ElicitRequestURLParams) else ""
        said = _read_answer(f"{params.message}{page}")
        if said is None:
            sys.stderr.write("\n")
            return ElicitResult(action="cancel")
        is_yes = said.strip().lower() in {"y", "yes"}
        return ElicitResult(action="accept", content={"note": ""}) if is_yes else ElicitResult(action="decline")

    if yes:
        return agree
    return ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def _read_answer(question: str) -> str | None:
    """Ask on standard error, as standard output may be read by a program; None: the person closed the question.

    It holds up the event loop, which has nothing else to do. Ctrl-C closes the question: the handler of asyncio would
    only cancel the task, which cannot happen before the person answers.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline() or None
    except KeyboardInterrupt:
        return None
    finally:
        signal.signal(signal.SIGINT, before)

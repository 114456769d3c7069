"""The answer about a change. Empty fields are left out."""

from __future__ import annotations

from typing import Literal

from ci_mcp_kit.answer import View

Outcome = Literal["done", "partly_done", "nothing_to_do", "dry_run", "repeated"]


class WrittenView(View):
    """What was written, in a dry run what would be.

    `number` is that of the issue or pull request, `comment` the id of a comment; `not_applied` names the fields that
    the forge dropped or cut; `text` is what a report says.
    """

    brief = True

    outcome: Outcome
    message: str
    repo: str = ""
    operation: str = ""
    number: int | None = None
    comment: int | None = None
    page: str = ""
    version: str = ""
    not_applied: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    text: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""

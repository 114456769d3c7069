"""The answer about a change. Empty fields are left out."""

from __future__ import annotations

from typing import Literal

from ci_mcp_kit.answer import View

Outcome = Literal["done", "nothing_to_do", "dry_run", "repeated"]


class ChangedView(View):
    """What was done, or would be; `build` is the build that was begun."""

    brief = True

    outcome: Outcome
    message: str
    agent: str = ""
    project: str = ""
    operation: str = ""
    build: int | None = None
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""

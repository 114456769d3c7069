"""The answer about a change. Empty fields are left out."""

from __future__ import annotations

from typing import Literal

from ci_mcp_kit.answer import View

Outcome = Literal["done", "failed", "nothing_to_do", "dry_run", "repeated"]


class ChangedView(View):
    """What was done to each component, or would be. `failed` means that some of it was not, or was taken back."""

    brief = True

    outcome: Outcome
    message: str
    service: str = ""
    operation: str = ""
    results: tuple[str, ...] = ()
    revision: int | None = None
    last_lines: str = ""
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""

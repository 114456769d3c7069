"""The shapes of answers."""

from __future__ import annotations

from typing import Literal

from ci_mcp_kit.answer import View

# Words that a program can match on; `message` is for the model and the person.
Outcome = Literal["done", "nothing_to_do", "dry_run", "repeated"]


class ReleaseView(View):
    """How far a release is."""

    app: str
    number: int
    state: str
    author: str = ""
    next_step: str = ""


class StopView(View):
    """What was done to a release, and what Slipway now says of it."""

    app: str
    number: int
    outcome: Outcome
    message: str
    state: str = ""
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""

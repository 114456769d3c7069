"""The shapes of answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from drone_mcp_kit.answer import View

Outcome = Literal["done", "partly_done", "nothing_started", "nothing_to_do", "dry_run", "repeated"]


class ActionView(View):
    """What was done to a build, what Drone now says, and how to go on.

    `requests` are those sent, in a dry run those that would be; `status` is the build's afterwards, after a restart
    the new one's; `stages` maps numbers to statuses.
    """

    repo: str
    number: int
    operation: str
    outcome: Outcome
    message: str
    requests: tuple[str, ...] = ()
    new_build: int | None = None
    status: str = ""
    stages: dict[str, str] = Field(default_factory=dict)
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


class AuditView(View):
    """The newest audit lines of this process, oldest first."""

    mode: str
    lines: tuple[dict[str, Any], ...]

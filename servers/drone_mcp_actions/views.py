"""The shapes of answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from drone_mcp_kit.answer import View

Outcome = Literal["done", "partly_done", "nothing_started", "nothing_to_do", "dry_run", "repeated"]


class ActionView(View):
    """What was done to a build, what Drone now says, and how to go on."""

    repo: str
    number: int
    operation: str
    outcome: Outcome
    message: str
    requests: tuple[str, ...] = Field(default=(), description="sent, or in a dry run what would be")
    new_build: int | None = None
    status: str = Field(default="", description="of the build (restart: of the new one) after it")
    stages: dict[str, str] = Field(default_factory=dict, description="number: status")
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


class AuditView(View):
    """The newest audit lines of this process, oldest first."""

    mode: str
    lines: tuple[dict[str, Any], ...]

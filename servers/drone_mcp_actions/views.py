"""The shapes of answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ci_mcp_kit.answer import View

Outcome = Literal["done", "partly_done", "nothing_started", "nothing_to_do", "dry_run", "repeated"]

StartOutcome = Literal["done", "nothing_started", "dry_run", "repeated"]


class ActionView(View):
    """The effect of an operation on a build, its status afterwards, and the next step.

    `requests` are those sent, in a dry run those that would be; `status` is the build's afterwards; `stages` maps
    numbers to statuses.
    """

    repo: str
    number: int
    operation: str
    outcome: Outcome
    message: str
    requests: tuple[str, ...] = ()
    status: str = ""
    stages: dict[str, str] = Field(default_factory=dict)
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


class RestartView(ActionView):
    """The same of a restart: `status` is the new build's, and `cursor` a place in it to wait from."""

    new_build: int | None = None
    cursor: str = ""


class StartView(View):
    """The build that was started, with a cursor to wait from; without a number where there is none."""

    repo: str
    number: int | None = None
    outcome: StartOutcome
    message: str
    requests: tuple[str, ...] = ()
    status: str = ""
    commit: str = ""
    cursor: str = ""
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


def view_of(operation: str) -> type[ActionView]:
    """Return the shape of an operation's answer."""
    return RestartView if operation == "restart" else ActionView


class AuditView(View):
    """The newest audit lines of this process, oldest first."""

    mode: str
    lines: tuple[dict[str, Any], ...]

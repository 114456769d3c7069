"""The shape of the answers of tools that change something."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ci_mcp_kit.answer import View


class ChangeView(View):
    """The outcome of a change; `outcome` is done, partly_done, nothing_to_do, dry_run or repeated.

    `now` is what Drone shows afterwards. `dropped` names what was sent and is not there.
    """

    brief: ClassVar[bool] = True

    outcome: str
    message: str
    scope: str = ""
    target: str = ""
    now: dict[str, Any] = Field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""
